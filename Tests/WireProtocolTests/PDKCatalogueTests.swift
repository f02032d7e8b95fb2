import PDKCatalogue
import Testing

@Suite("The catalogue of PDK methods")
struct PDKCatalogueTests {
    /// The functions of the service `Kong` in pluginsocket.proto, with the messages that they take and return.
    static let service: [(rpc: String, input: ProtoMessage, output: ProtoMessage)] = [
        ("Client_GetIp", .empty, .string), ("Client_GetForwardedIp", .empty, .string),
        ("Client_GetPort", .empty, .int), ("Client_GetForwardedPort", .empty, .int),
        ("Client_GetCredential", .empty, .authenticatedCredential), ("Client_LoadConsumer", .consumerSpec, .consumer),
        ("Client_GetConsumer", .empty, .consumer), ("Client_Authenticate", .authenticateArgs, .empty),
        ("Client_GetProtocol", .bool, .string), ("Ip_IsTrusted", .string, .bool),
        ("Log_Alert", .listValue, .empty), ("Log_Crit", .listValue, .empty), ("Log_Err", .listValue, .empty),
        ("Log_Warn", .listValue, .empty), ("Log_Notice", .listValue, .empty), ("Log_Info", .listValue, .empty),
        ("Log_Debug", .listValue, .empty), ("Log_SetSerializeValue", .keyValue, .empty),
        ("Log_Serialize", .empty, .string), ("Nginx_GetVar", .string, .string),
        ("Nginx_GetTls1VersionStr", .empty, .string), ("Nginx_SetCtx", .keyValue, .string),
        ("Nginx_GetCtx", .string, .value), ("Nginx_ReqStartTime", .empty, .number),
        ("Nginx_GetSubsystem", .empty, .string), ("Node_GetId", .empty, .string),
        ("Node_GetMemoryStats", .empty, .memoryStats), ("Request_GetScheme", .empty, .string),
        ("Request_GetHost", .empty, .string), ("Request_GetPort", .empty, .int),
        ("Request_GetForwardedScheme", .empty, .string), ("Request_GetForwardedHost", .empty, .string),
        ("Request_GetForwardedPort", .empty, .int), ("Request_GetHttpVersion", .empty, .number),
        ("Request_GetMethod", .empty, .string), ("Request_GetPath", .empty, .string),
        ("Request_GetPathWithQuery", .empty, .string), ("Request_GetRawQuery", .empty, .string),
        ("Request_GetQueryArg", .string, .string), ("Request_GetQuery", .int, .structure),
        ("Request_GetHeader", .string, .string), ("Request_GetHeaders", .int, .structure),
        ("Request_GetRawBody", .empty, .rawBodyResult), ("Request_GetUriCaptures", .empty, .uriCapturesResult),
        ("Response_GetStatus", .empty, .int), ("Response_GetHeader", .string, .string),
        ("Response_GetHeaders", .int, .structure), ("Response_GetSource", .empty, .string),
        ("Response_SetStatus", .int, .empty), ("Response_SetHeader", .keyValue, .empty),
        ("Response_AddHeader", .keyValue, .empty), ("Response_ClearHeader", .string, .empty),
        ("Response_SetHeaders", .structure, .empty), ("Response_Exit", .exitArgs, .empty),
        ("Router_GetRoute", .empty, .route), ("Router_GetService", .empty, .service),
        ("Service_SetUpstream", .string, .bool), ("Service_SetTarget", .target, .empty),
        ("Service_Request_SetScheme", .string, .empty), ("Service_Request_SetPath", .string, .empty),
        ("Service_Request_SetRawQuery", .string, .empty), ("Service_Request_SetMethod", .string, .empty),
        ("Service_Request_SetQuery", .structure, .empty), ("Service_Request_SetHeader", .keyValue, .empty),
        ("Service_Request_AddHeader", .keyValue, .empty), ("Service_Request_ClearHeader", .string, .empty),
        ("Service_Request_SetHeaders", .structure, .empty), ("Service_Request_SetRawBody", .byteString, .empty),
        ("Service_Response_GetStatus", .empty, .int), ("Service_Response_GetHeader", .string, .string),
        ("Service_Response_GetHeaders", .int, .structure), ("Service_Response_GetRawBody", .empty, .byteString),
    ]

    /// The two that a MethodOptions names.
    static let named: [(name: String, input: ProtoMessage, output: ProtoMessage)] = [
        ("kong.ctx.shared.set", .keyValue, .empty), ("kong.ctx.shared.get", .string, .value),
    ]

    /// As pb_rpc.lua makes names: "_" becomes ".", and "_" goes between a lower-case letter, with digits after it or
    /// not, and an upper-case one.
    static func name(of rpc: String) -> String {
        let text = Array("Kong." + rpc.replacing("_", with: "."))
        var name = ""
        for (index, character) in text.enumerated() {
            let before = text[..<index].reversed().drop(while: \.isNumber).first
            if character.isUppercase, let before, before.isLowercase { name.append("_") }
            name.append(contentsOf: character.lowercased())
        }
        return name
    }

    @Test("It has each function of Kong's proto, by Kong's name, with its messages", arguments: service)
    func function(rpc: String, input: ProtoMessage, output: ProtoMessage) throws {
        let id = try #require(PDKCatalogue.method(named: Self.name(of: rpc)))
        let method = try #require(PDKCatalogue[id])
        #expect(method.name == Self.name(of: rpc))
        #expect(method.id == id)
        #expect(method.input == input)
        #expect(method.output == output)
    }

    @Test("It has the functions that Kong's proto names otherwise", arguments: named)
    func namedFunction(name: String, input: ProtoMessage, output: ProtoMessage) throws {
        let method = try #require(PDKCatalogue.method(named: name).flatMap { PDKCatalogue[$0] })
        #expect(method.input == input)
        #expect(method.output == output)
    }

    @Test("It has no other function for ProtoBuf:1, and none twice")
    func nothingElse() {
        let protobuf = PDKCatalogue.all.filter { $0.input != nil }
        #expect(Set(protobuf.map(\.name)) == Set(Self.service.map { Self.name(of: $0.rpc) } + Self.named.map(\.name)))
        #expect(Set(PDKCatalogue.all.map(\.name)).count == PDKCatalogue.all.count)
        #expect(PDKCatalogue.all.allSatisfy { ($0.input == nil) == ($0.output == nil) })
    }

    @Test("An id finds its method, and nothing else does")
    func ids() {
        for (index, method) in PDKCatalogue.all.enumerated() {
            #expect(method.id.rawValue == UInt32(index + 1))
            #expect(PDKCatalogue[method.id]?.name == method.name)
            #expect(PDKCatalogue.facts(method.id)?.phases == method.phases)
        }
        for id in [0, UInt32(PDKCatalogue.all.count + 1), .max] {
            #expect(PDKCatalogue[MethodID(rawValue: id)] == nil)
            #expect(PDKCatalogue.facts(MethodID(rawValue: id)) == nil)
        }
        #expect(PDKCatalogue.method(named: "kong.request.get_nothing") == nil)
        #expect(PDKCatalogue.method(named: "") == nil)
    }

    @Test("A message for a result goes with a result, but for nginx.set_ctx; only exit ends the event")
    func results() {
        for method in PDKCatalogue.all where method.output != nil {
            #expect((method.result == nil) == (method.output == .empty || method.name == "kong.nginx.set_ctx"))
            #expect(method.facts.hasResult == (method.result != nil))
            #expect(method.endsEvent == (method.name == "kong.response.exit"))
        }
    }

    @Test(
        "A method is allowed where Kong's phase checks allow it",
        arguments: [
            ("kong.request.get_header", [.rewrite, .access, .response, .log]),
            ("kong.request.get_port", [.certificate, .rewrite, .access, .response, .preread]),
            ("kong.request.get_path", [.rewrite, .access, .response]),
            ("kong.client.get_ip", [.certificate, .rewrite, .access, .response, .preread]),
            ("kong.request.get_raw_body", [.rewrite, .access, .response]),
            ("kong.response.set_header", [.rewrite, .access, .response]),
            ("kong.response.get_header", [.response, .log]),
            ("kong.response.exit", [.rewrite, .access, .response, .preread]),
            ("kong.service.set_target", [.rewrite, .access, .preread]),
            ("kong.service.set_upstream", .access),
            ("kong.service.request.set_header", [.rewrite, .access]),
            ("kong.service.response.get_status", .response),
            ("kong.client.authenticate", .access),
            ("kong.client.get_consumer", [.access, .response, .log]),
            ("kong.router.get_route", [.access, .response, .log]),
            ("kong.log.serialize", .log),
            ("kong.log.set_serialize_value", [.rewrite, .access, .response]),
            ("kong.log.err", .all),
            ("kong.ctx.shared.get", .all),
            ("kong.nginx.get_var", [.certificate, .rewrite, .access, .response, .preread]),
        ] as [(String, PhaseSet)])
    func phases(name: String, phases: PhaseSet) {
        #expect(PDKCatalogue.method(named: name).flatMap { PDKCatalogue[$0] }?.phases == phases)
    }

    @Test("Fields have different numbers, in ascending order, and repeated ones are strings or messages")
    func fields() {
        for message in ProtoMessage.allCases {
            let numbers = message.fields.map(\.number)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
            for field in message.fields where field.isRepeated {
                switch field.type {
                case .string, .message: break
                case .int32, .int64, .bool: Issue.record("\(message).\(field.name)")
                }
            }
        }
    }
}
