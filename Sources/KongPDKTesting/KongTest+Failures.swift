import KongPDK
import KongSimulator
import WireProtocol

/// What Kong shall do instead of what it does: for the tests of what a plugin does then.
extension KongTest {
    /// How a call shall fail.
    public enum Failure: Sendable, Hashable {
        /// Kong's function returns nil and this text: the call throws `PDKError.Code.refused`.
        case error(String)
        /// Kong's function raises an error: Kong answers the client with 500, and the handler is cancelled.
        case raise(String)
        /// Kong closes the connection: the handler is cancelled.
        case disconnect
    }

    /// Lets calls of a method fail.
    /// - Parameters:
    ///   - method: Kong's name, as "kong.client.get_consumer".
    ///   - failure: what becomes of them.
    ///   - count: so many of its next calls; all if it is nil.
    public func fail(_ method: String, with failure: Failure, times count: Int? = nil) {
        switch failure {
        case .error(let text): inject(.answer(.outcome(.error(text))), into: method, times: count)
        case .raise(let text): inject(.raise(text), into: method, times: count)
        case .disconnect: inject(.answer(.disconnect), into: method, times: count)
        }
    }

    /// Lets Kong answer calls of a method with a value, whatever its type: what an odd version of Kong might send.
    public func answer(_ method: String, with value: Value, times count: Int? = nil) {
        inject(.answer(.outcome(.value(OwnedValue(value)))), into: method, times: count)
    }

    private func inject(_ what: Injection.What, into method: String, times count: Int?) {
        state.withLock { $0.injections[method] = Injection(what: what, remaining: count) }
    }
}

/// What becomes of a call.
enum Answer: Sendable {
    case outcome(SimulatedOutcome)
    /// Kong has closed the connection.
    case disconnect
}

/// What a call is answered with in place of what Kong would answer.
struct Injection: Sendable {
    enum What: Sendable {
        case answer(Answer)
        case raise(String)
    }

    let what: What
    /// For so many calls more; nil: for all.
    var remaining: Int?

    /// What is for one call; nil if there is no more.
    mutating func take() -> What? {
        guard let remaining else { return what }
        guard remaining > 0 else { return nil }
        self.remaining = remaining - 1
        return what
    }
}
