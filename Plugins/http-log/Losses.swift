/// Records that nobody will get, counted until somebody is told.
struct Losses {
    /// Came while the queue was full.
    var dropped = 0
    private var undelivered = 0
    private var reason = ""
    private var lastReport: ContinuousClock.Instant?

    /// There may be thousands a second, and each has one reason.
    private static let interval = Duration.seconds(10)

    mutating func add(_ count: Int, _ reason: String) {
        guard count > 0 else { return }
        undelivered += count
        self.reason = reason
    }

    /// What is to be told: something was lost, and the last time is some while ago.
    mutating func report(anyTime: Bool = false) -> String? {
        guard dropped + undelivered > 0 else { return nil }
        let now = ContinuousClock.now
        if let lastReport, now - lastReport < Self.interval, !anyTime { return nil }
        var parts: [String] = []
        if dropped > 0 { parts.append("\(dropped) dropped, since the queue was full") }
        if undelivered > 0 { parts.append("\(undelivered) not delivered: \(reason)") }
        self = Losses()
        lastReport = now
        return "http-log: records lost: \(parts.joined(separator: "; "))"
    }
}
