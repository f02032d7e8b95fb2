import Foundation
import KongClient
import KongSimulator
import Testing
import WireProtocol

/// The example in C does what the tutorial says.
@Suite struct HelloCTests {
    private static func run(_ body: (TestServer) throws -> Void) throws {
        try TestServer.run(["goplug": "recorded_goplug"], prepare: { try Plugins.compileExample("hello-c", into: $0) }, body)
    }

    @Test(arguments: WireProtocolKind.both)
    func itGreetsInBothPhases(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("hello-c", config: #"{"greeting":"welcome"}"#)
            var exchange = SimulatedExchange(SimulatedRequest("GET", "/", headers: ["host": "localhost"]))
            exchange.begin(.access)
            let access = try kong.handleEvent(instance, "access") { exchange.answer($0, over: wireProtocol) }
            #expect(
                access == [
                    PDKCall("kong.request.get_header", ["host"]),
                    PDKCall("kong.service.request.set_header", ["x-greeting", "welcome, localhost"]),
                ])
            exchange.begin(.response)
            let response = try kong.handleEvent(instance, "response") { exchange.answer($0, over: wireProtocol) }
            #expect(response.map(\.method) == ["kong.response.add_header"])
            #expect(response.first?.arguments.first == "x-compiler")
            try kong.closeInstance(instance)
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func withoutAConfigurationOrAHostItHasItsDefaults(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("hello-c", config: "{}")
            let calls = try kong.handleEvent(instance, "access")
            #expect(calls.last == PDKCall("kong.service.request.set_header", ["x-greeting", "hello, nobody"]))
        }
    }

    @Test func itsOwnLinesAreFewerThanSixty() throws {
        let source = try String(contentsOfFile: "\(Plugins.package)/Plugins/hello-c/hello.c", encoding: .utf8)
        #expect(source.split(separator: "\n", omittingEmptySubsequences: false).count < 60)
    }
}
