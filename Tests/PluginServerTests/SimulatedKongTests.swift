import KongClient
import KongSimulator
import Testing
import WireProtocol

/// What the protocols make of the simulator's outcomes, as Kong 3 does.
@Suite struct SimulatedKongTests {
    private static func exchange() -> SimulatedExchange {
        var exchange = SimulatedExchange(SimulatedRequest("POST", "/", body: .file(path: "/body")))
        exchange.begin(.access)
        return exchange
    }

    @Test func aBodyInAFileIsAPathOrAnError() {
        let call = PDKCall("kong.request.get_raw_body")
        var kong = Self.exchange()
        #expect(kong.answer(call, over: .protoBuf) == .value(["body_filepath": "/body"]))
        #expect(kong.answer(call, over: .messagePack) == .neverAnswers)
        #expect(kong.response.status == 500)
    }

    @Test func messagePackLosesTheTextOfErrors() {
        let call = PDKCall("kong.service.set_upstream", ["none"])
        var kong = Self.exchange()
        #expect(kong.answer(call, over: .protoBuf) == .error("could not find an Upstream named 'none'"))
        #expect(kong.answer(call, over: .messagePack) == .nothing)
    }

    @Test(arguments: WireProtocolKind.both)
    func nobodyAnswersAfterAnExit(_ wireProtocol: WireProtocolKind) {
        var kong = Self.exchange()
        #expect(kong.answer(PDKCall("kong.request.get_method"), over: wireProtocol) == .value("POST"))
        #expect(kong.answer(PDKCall("kong.response.exit", [403]), over: wireProtocol) == .neverAnswers)
        #expect(kong.answer(PDKCall("kong.request.get_method"), over: wireProtocol) == .neverAnswers)
        #expect(kong.response.status == 403)
    }
}
