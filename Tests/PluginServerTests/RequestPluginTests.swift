import KongClient
import Testing
import WireProtocol

/// The plugins request-id and request-transform, as Kong gets them.
@Suite struct RequestPluginTests {
    private static let plugins = ["request-id": "request-id", "request-transform": "request-transform"]

    @Test(arguments: WireProtocolKind.both)
    func requestIDAsksForTheClientsAndSetsOne(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("request-id", config: #"{"header_name":"X-ID","__key__":"k"}"#)
            for (sent, kept) in [(OwnedValue.string("mine"), "mine"), (.string("not mine"), nil), (.null, nil)] {
                let calls = try kong.handleEvent(instance, "access") { call in
                    call.method == "kong.request.get_header" ? .value(sent) : .nothing
                }
                let id = try #require(calls.last?.arguments.last?.text)
                #expect(kept == nil ? id.utf8.count == 36 : id == kept)
                #expect(
                    calls == [
                        PDKCall("kong.request.get_header", ["X-ID"]),
                        PDKCall("kong.service.request.set_header", ["X-ID", .string(id)]),
                        PDKCall("kong.response.set_header", ["X-ID", .string(id)]),
                        PDKCall("kong.log.set_serialize_value", ["request_id", .string(id)]),
                    ])
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func requestIDCountsOnOverRequests(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance(
                "request-id", config: #"{"generator":"uuid#counter","keep_client_id":false,"echo_downstream":false}"#)
            for number in 1...3 {
                let calls = try kong.handleEvent(instance, "access")
                #expect(calls.map(\.method) == ["kong.service.request.set_header", "kong.log.set_serialize_value"])
                #expect(calls.first?.arguments.last?.text?.hasSuffix("#\(number)") == true)
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func requestTransformSetsWhatHasChanged(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance(
                "request-transform",
                config: #"""
                    {"remove":{"headers":["x-gone"],"querystring":["gone"]},
                     "rename":{"headers":["x-old:x-new"],"querystring":null},"replace":null,
                     "append":{"headers":["x-list:two"],"querystring":["list:2"]}}
                    """#)
            let calls = try kong.handleEvent(instance, "access") { call in
                switch call.method {
                case "kong.request.get_headers":
                    .value(["host": ["localhost"], "x-gone": ["1"], "x-old": [.string([0xFF]), "2"], "x-list": ["one"]])
                case "kong.request.get_query": .value(["gone": ["1"], "list": ["1"], "a": ["b"]])
                default: .nothing
                }
            }
            #expect(
                Set(calls.prefix(2).map(\.plain)) == [
                    PDKCall("kong.request.get_headers", [1000]), PDKCall("kong.request.get_query", [1000]),
                ])
            #expect(
                calls.dropFirst(2).map(\.plain) == [
                    PDKCall("kong.service.request.clear_header", ["x-gone"]),
                    PDKCall("kong.service.request.clear_header", ["x-old"]),
                    PDKCall(
                        "kong.service.request.set_headers", [["x-new": [.string([0xFF]), "2"], "x-list": ["one", "two"]]]),
                    PDKCall("kong.service.request.set_query", [["list": ["1", "2"], "a": "b"]]),
                ])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func requestTransformWithABadPairSaysWhich(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Self.plugins) { server in
            try server.expectNoStart(
                wireProtocol, "request-transform", #"{"add":{"headers":["x-alone"]}}"#, in: "access",
                saying: #""x-alone" is no name:value"#)
        }
    }

    @Test func theSchemasAreWhatTheReadMesSay() throws {
        try TestServer.run(Self.plugins) { server in
            let kong = server.kong(.messagePack)
            let requestID = try kong.getPluginInfo("request-id")
            #expect(requestID["Priority"]?.integer == 100_001)
            #expect(requestID["Phases"] == ["access"])
            #expect(try kong.getPluginInfo("request-transform")["Priority"]?.integer == 801)
            let config = try #require(requestID["Schema"]?["fields"]?.items?.last?["config"])
            let fields = try #require(config["fields"]?.items).compactMap { $0.entries?.first }
            #expect(
                fields.map { String(decoding: $0.key, as: UTF8.self) } == [
                    "header_name", "generator", "keep_client_id", "max_length", "echo_downstream",
                ])
            #expect(fields.map { $0.value["default"] } == ["x-request-id", "uuid", true, 128, true])
        }
    }
}
