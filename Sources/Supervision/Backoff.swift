/// How long to wait before a worker is started again.
struct Backoff {
    private var delay: Duration = .zero

    private static let first: Duration = .milliseconds(100)
    private static let longest: Duration = .seconds(5)
    /// Whoever served for so long has not failed at once.
    private static let goodService: Duration = .seconds(1)

    /// - Parameters:
    ///   - service: for how long the one before served; nil: it never did.
    ///   - isOwnDoing: whether it has brought about its end. Whoever kills one that serves does not want to wait.
    mutating func next(after service: Duration?, isOwnDoing: Bool = true) -> Duration {
        if let service, service >= Self.goodService || !isOwnDoing {
            delay = .zero
            return .zero
        }
        defer { delay = delay == .zero ? Self.first : min(delay * 2, Self.longest) }
        return delay
    }
}
