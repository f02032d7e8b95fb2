import KongPDK
import Synchronization

/// Consumers by their names, for a while: Kong looks into its database each time that it is asked for one. Only names that
/// stand in the configuration are ever looked for, so it stays small.
final class ConsumerCache: Sendable {
    private struct Entry {
        /// Nil: Kong has no such consumer.
        let consumer: Consumer?
        let end: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private let entries = Mutex<[String: Entry]>([:])

    init(lifetime: Duration) { self.lifetime = lifetime }

    func consumer(_ name: String, _ kong: Kong) async throws(PDKError) -> Consumer? {
        let now = ContinuousClock.now
        if let entry = entries.withLock({ $0[name] }), entry.end > now { return entry.consumer }
        let consumer = try await kong.client.loadConsumer(name, byUsername: true)
        entries.withLock { $0[name] = Entry(consumer: consumer, end: now + lifetime) }
        return consumer
    }
}
