import CKongPlugin
import Testing

@testable import KongPDK

@Suite struct PDKErrorTests {
    /// A host that does not take a flush has no words for it.
    @Test(arguments: [
        (KONG_CANCELLED, PDKError.Code.cancelled, "kong.flush: nobody waits for this event any more"),
        (KONG_EVENT_OVER, .eventOver, "kong.flush: the event is over"),
        (KONG_FAILED, .failed, "kong.flush: status 1"),
    ])
    func aStatusWithoutAMessageHasOne(_ status: Int, _ code: PDKError.Code, _ text: String) {
        let error = PDKError(status: kong_status(status), method: "kong.flush", message: "")
        #expect(error.code == code)
        #expect(error.description == text)
    }

    @Test func theHostsWordsStay() {
        let error = PDKError(status: kong_status(KONG_CANCELLED), method: "kong.flush", message: "the connection is gone")
        #expect(error.description == "kong.flush: the connection is gone")
    }
}
