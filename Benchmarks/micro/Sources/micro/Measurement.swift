/// Times pieces of code, and prints a line of JSON for each.
struct Measurement {
    /// Each figure is the median of so many.
    let rounds: Int

    /// How long one of the rounds is to take, so that what is measured is much more than what a clock costs.
    private static let roundDuration: Duration = .milliseconds(20)

    /// - Parameters:
    ///   - size: How many bytes of messages one turn reads or writes.
    ///   - body: Does what is measured as often as it is told.
    func run(_ name: String, bytes size: Int, _ body: (_ count: Int) throws -> Void) rethrows {
        let count = try calibrated(body)
        var results: [Double] = []
        for _ in 0..<rounds { results.append(try Self.time(count, body) / .nanoseconds(1) / Double(count)) }
        results.sort()
        print(#"{"name": "\#(name)", "bytes": \#(size), "nanoseconds": \#(results[rounds / 2]), "least": \#(results[0])}"#)
    }

    /// How often fits into a round.
    private func calibrated(_ body: (_ count: Int) throws -> Void) rethrows -> Int {
        var count = 1
        while true {
            let taken = try Self.time(count, body)
            if taken >= Self.roundDuration / 4 { return max(1, Int(Double(count) * (Self.roundDuration / taken))) }
            count *= 2
        }
    }

    private static func time(_ count: Int, _ body: (_ count: Int) throws -> Void) rethrows -> Duration {
        try ContinuousClock().measure { try body(count) }
    }
}

/// Takes a value as if somebody needed it, so that the compiler must make it.
@inline(never)
func use<Value: ~Copyable>(_ value: borrowing Value) {}
