import Foundation

/// How much of the stress tests runs: a little of each with all the other tests, and all of it with `KONG_STRESS=full` in the
/// environment (`./build.sh stress`).
enum StressExtent {
    static let isFull = ProcessInfo.processInfo.environment["KONG_STRESS"] == "full"

    /// As many as Kong may have with 2 workers of nginx and 32 requests each.
    static let clients = 64
    /// One event in so many crashes.
    static let eventsPerCrash = isFull ? 1000 : 200
    /// Crashes of each kind.
    static let crashes = isFull ? 5 : 1
    static let kills = isFull ? 100 : 6
    static let reloads = isFull ? 100 : 6
    /// How long a quarantined plugin is watched.
    static let quarantineWatch: Duration = .seconds(isFull ? 10 : 1)

    /// Tells a figure: the full form is run for them.
    static func tell(_ text: String) {
        guard isFull else { return }
        FileHandle.standardError.write(Data("stress: \(text)\n".utf8))
    }
}
