import CKongPlugin

/// Why a function of kong_pdk.h has not done what it is for.
struct NativeFailure: Error {
    let status: kong_status
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = kong_status(status)
        self.reason = reason
    }

    init(status: kong_status, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    /// Of a flush that the host has not taken: it has no message.
    init(untold status: kong_status) {
        self.status = status
        reason =
            switch Int(status) {
            case KONG_CANCELLED: "nobody waits for this event any more"
            case KONG_EVENT_OVER: "the event is over"
            default: "it cannot be done: status \(status)"
            }
    }
}
