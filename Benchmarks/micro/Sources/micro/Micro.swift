/// Prints what the codecs cost: `micro [ROUNDS]`.
@main
struct Micro {
    static func main() throws {
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 9
        let measurement = Measurement(rounds: max(1, rounds))
        try MessagePackMessages(measurement: measurement).measure()
        try ProtoBufFrames(measurement: measurement).measure()
    }
}
