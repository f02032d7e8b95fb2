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
}
