import CKongPlugin
import WireProtocol

/// How the calls of one event are answered.
struct AnswerScript {
    enum Outcome {
        /// What Kong would answer.
        case kongs
        case value(OwnedValue)
        /// The call is accepted, and its completion gets this status.
        case failure(kong_status)
        /// `call` itself returns this status.
        case refusal(kong_status)
    }

    enum Time {
        /// Before `call` returns. For a blocking plugin it is always so.
        case atOnce
        /// On the loop, after what is queued there.
        case later
        /// When the examination says so.
        case held
    }

    var time = Time.later
    /// What becomes of one call, counted from 0, instead of what Kong would answer.
    var change: (call: Int, outcome: Outcome)?
    /// A call with a completion from which on all are held.
    var heldFrom: Int?

    func outcome(of call: Int) -> Outcome {
        if let change, change.call == call { change.outcome } else { .kongs }
    }

    func time(of call: Int) -> Time {
        if let heldFrom, call >= heldFrom { .held } else { time }
    }
}
