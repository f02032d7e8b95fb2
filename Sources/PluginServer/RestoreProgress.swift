import Logging

/// Counts instances that are being started again, and says which cannot be: once for each reason. [loop 0]
// @unchecked Sendable: used on its loop's thread only; it is named in closures that go there.
final class RestoreProgress: @unchecked Sendable {
    private struct Reason: Hashable {
        let plugin: String
        let text: String
    }

    private var missing: Int
    private let logger: Logger
    private var done: (@Sendable () -> Void)?
    private var failures: [Reason: [Int32]] = [:]

    /// Of so many ids the log has the first.
    private static let namedIDs = 5

    init(_ count: Int, _ logger: Logger, _ done: @escaping @Sendable () -> Void) {
        missing = count
        self.logger = logger
        self.done = done
        if count == 0 { finish() }
    }

    func advance(_ seed: InstanceSeed, _ failure: StartFailure?) {
        missing -= 1
        if let failure { failures[Reason(plugin: seed.plugin, text: failure.description), default: []].append(seed.id) }
        // Those that have taken too long are told of one by one.
        if done == nil { tell() }
        if missing == 0 { finish() }
    }

    /// How many are missing; nil: it is done.
    func giveUp() -> Int? {
        guard done != nil else { return nil }
        finish()
        return missing
    }

    private func finish() {
        tell()
        done?()
        done = nil
    }

    private func tell() {
        for (reason, ids) in failures.sorted(by: { $0.key.plugin < $1.key.plugin }) {
            if ids.count == 1, let id = ids.first {
                logger.error("cannot start instance \"\(reason.plugin)\":\(id) again: \(reason.text)")
            } else {
                let named = ids.sorted().prefix(Self.namedIDs).map { "\($0)" }.joined(separator: ", ")
                let more = ids.count > Self.namedIDs ? ", …" : ""
                logger.error("cannot start \(ids.count) instances of \(reason.plugin) again (\(named)\(more)): \(reason.text)")
            }
        }
        failures = [:]
    }
}
