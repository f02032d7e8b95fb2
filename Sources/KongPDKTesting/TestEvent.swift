// Unsafe pointers: the arguments of calls are borrowed from the plugin, and copied.

import CKongPlugin
import KongPDK
import KongSimulator
import PDKCatalogue
import WireProtocol

/// One run of one handler in a test: what its calls are answered with. Everything is [loop].
///
/// A call is carried out at once, in order, as Kong carries out what it is sent; the answer comes in a later turn of the
/// loop, as Kong's does. So what is asked for at the same time (`async let`) travels together, in one round trip.
// @unchecked Sendable: used on the loop only; it is named in closures that run there.
final class TestEvent: @unchecked Sendable {
    private enum State: Equatable {
        case running
        /// `kong.response.exit` was called.
        case exited
        /// Kong has given up on the event, for this reason.
        case cancelled(String)
    }

    private let test: KongTest
    private let phase: Phase
    private var state = State.running
    private var answers: [() -> Void] = []
    /// What of it has failed that no call could throw any more.
    private(set) var failure: PDKError?

    init(_ test: KongTest, _ phase: Phase) {
        self.test = test
        self.phase = phase
    }

    /// A call of the plugin. Returns why it is not sent.
    func call(
        _ method: MethodID, _ arguments: UnsafeBufferPointer<kong_value>, _ completion: TestCompletion?
    ) -> CallRefusal? {
        if let refusal = refusal() { return refusal }
        do throws(CallRefusal) {
            let facts = try PDKCatalogue.checkedFacts(method, in: PhaseSet(rawValue: 1 << phase.rawValue), arguments)
            if test.connection == .protoBuf {
                _ = try PDKCatalogue.protoBufInput(of: method, facts, argumentCount: arguments.count)
            }
        } catch {
            return error
        }
        guard let name = PDKCatalogue[method]?.name else { return CallRefusal(KONG_UNKNOWN_METHOD, "there is no such method") }
        answer(test.perform(name, arguments.map { OwnedValue($0) }, in: phase), to: name, completion)
        return nil
    }

    /// The plugin waits until all that it has called has been carried out.
    func flush(_ completion: TestCompletion) -> CallRefusal? {
        if let refusal = refusal() { return refusal }
        later { completion.succeed(.null) }
        return nil
    }

    private func refusal() -> CallRefusal? {
        switch state {
        case .running: nil
        case .exited: CallRefusal(KONG_EVENT_OVER, "kong.response.exit has ended the event")
        case .cancelled(let reason): CallRefusal(KONG_CANCELLED, reason)
        }
    }

    private func answer(_ answer: Answer, to name: String, _ completion: TestCompletion?) {
        switch answer {
        case .outcome(let outcome): self.answer(outcome, to: name, completion)
        case .disconnect: cancel("Kong has closed the connection", completion)
        }
    }

    private func answer(_ outcome: SimulatedOutcome, to name: String, _ completion: TestCompletion?) {
        switch outcome {
        case .value(let value): if let completion { later { completion.succeed(value) } }
        case .nothing: if let completion { later { completion.succeed(.null) } }
        case .error(let text):
            // Of a call without a result nobody hears that Kong has returned an error.
            if let completion { later { completion.fail(KONG_REFUSED, text) } }
        case .raised(let text):
            // Kong never comes back to the plugin: whoever waits is told that nobody does.
            failure = PDKError(.refused, name, text)
            cancel("Kong has ended the request: \(name): \(text)", completion)
        case .exits: state = .exited
        case .unanswered: cancel("Kong does not wait for this event any more", completion)
        }
    }

    private func cancel(_ reason: String, _ completion: TestCompletion?) {
        state = .cancelled(reason)
        if let completion { later { completion.fail(KONG_CANCELLED, reason) } }
    }

    /// Delivers an answer in the next turn, with all others of this turn: one round trip.
    private func later(_ answer: @escaping () -> Void) {
        answers.append(answer)
        guard answers.count == 1 else { return }
        test.countRoundTrip()
        TestHost.shared.loop.schedule { [self] in
            let answers = answers
            self.answers = []
            for answer in answers { answer() }
        }
    }
}
