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

    /// Seen on Kong 3.9.1.
    @Test(arguments: [
        ([1, nil, 3], [1], ["1": 1, "3": 3]), ([1, nil], [1], [1]), (["a": [[1, nil, nil, 4]]], ["a": [[1]]], ["a": [["1": 1, "4": 4]]]),
        (false, nil, false), (["a": false, "b": [true]], ["b": [true]], ["a": false, "b": [true]]), ([1, 2], [1, 2], [1, 2]),
    ] as [(OwnedValue, OwnedValue, OwnedValue)])
    func aValueIsATableOfLuasOnItsWay(_ value: OwnedValue, _ overProtoBuf: OwnedValue, _ overMessagePack: OwnedValue) {
        for (wireProtocol, expected) in [(WireProtocolKind.protoBuf, overProtoBuf), (.messagePack, overMessagePack)] {
            var kong = Self.exchange()
            _ = kong.answer(PDKCall("kong.ctx.shared.set", ["key", value]), over: wireProtocol)
            #expect(kong.answer(PDKCall("kong.ctx.shared.get", ["key"]), over: wireProtocol) == .value(expected))
        }
    }

    @Test func nullInABodyArrives() throws {
        var kong = SimulatedExchange(
            SimulatedRequest("POST", "/", headers: ["content-type": "application/json"], body: .bytes(Array(#"{"a":[1,null,{"b":null}]}"#.utf8))))
        kong.begin(.access)
        #expect(kong.answer(PDKCall("kong.request.get_body"), over: .messagePack) == .value(["a": [1, nil, ["b": nil]]]))
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
