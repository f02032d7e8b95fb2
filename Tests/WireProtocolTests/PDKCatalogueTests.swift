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

    /// The functions of kong/pdk/*.lua that Kong's proto does not have, and since which Kong they are there.
    static let messagePackOnly: [String: KongVersion] = [
        "kong.client.tls.request_client_certificate": KongVersion(2, 1),
        "kong.client.tls.disable_session_reuse": KongVersion(2, 1),
        "kong.client.tls.get_full_client_certificate_chain": KongVersion(2, 1),
        "kong.client.tls.set_client_verify": KongVersion(2, 1), "kong.client.tls.disable_http2_alpn": KongVersion(3, 9),
        "kong.nginx.get_statistics": KongVersion(3, 0), "kong.log.emerg": KongVersion(2, 0),
        "kong.log.inspect": KongVersion(2, 0), "kong.log.deprecation": KongVersion(2, 6),
        "kong.node.get_hostname": KongVersion(2, 3), "kong.cluster.get_id": KongVersion(2, 3),
        "kong.plugin.get_id": KongVersion(3, 3), "kong.telemetry.log": KongVersion(3, 8),
        "kong.vault.get": KongVersion(2, 8), "kong.vault.is_reference": KongVersion(2, 8),
        "kong.vault.parse_reference": KongVersion(2, 8), "kong.vault.update": KongVersion(3, 4),
        "kong.vault.warmup": KongVersion(3, 5), "kong.vault.flush": KongVersion(3, 3),
        "kong.request.get_forwarded_path": KongVersion(2, 1), "kong.request.get_forwarded_prefix": KongVersion(2, 2),
        "kong.request.get_raw_path": KongVersion(3, 0), "kong.request.get_body": KongVersion(2, 0),
        "kong.request.get_start_time": KongVersion(3, 0), "kong.response.get_raw_body": KongVersion(2, 7),
        "kong.response.set_raw_body": KongVersion(2, 7), "kong.response.error": KongVersion(2, 1),
        "kong.service.set_retries": KongVersion(3, 8), "kong.service.set_timeouts": KongVersion(3, 8),
        "kong.service.set_tls_verify": KongVersion(2, 1), "kong.service.set_tls_verify_depth": KongVersion(2, 1),
        "kong.service.request.clear_query_arg": KongVersion(3, 9), "kong.service.request.set_body": KongVersion(2, 0),
        "kong.service.request.enable_buffering": KongVersion(2, 0), "kong.service.request.disable_tls": KongVersion(2, 0),
        "kong.service.response.get_body": KongVersion(2, 0),
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

    @Test("It has the functions that only MessagePack can call, and no other")
    func messagePackOnlyFunctions() {
        let found = PDKCatalogue.all.filter { $0.input == nil }.map { ($0.name, $0.since) }
        #expect(Dictionary(uniqueKeysWithValues: found) == Self.messagePackOnly)
        #expect(PDKCatalogue.all.allSatisfy { $0.facts.protobufCount == ($0.input?.argumentCount ?? 0) })
    }

    @Test("What ProtoBuf:1 cannot carry of a method's arguments is optional")
    func argumentsBeyondTheMessage() {
        var beyond: [String] = []
        for method in PDKCatalogue.all where method.input != nil {
            for parameter in method.parameters.dropFirst(Int(method.facts.protobufCount)) {
                #expect(parameter.isOptional)
                beyond.append("\(method.name): \(parameter.name)")
            }
        }
        #expect(
            Set(beyond) == ["kong.log.set_serialize_value: options", "kong.request.get_raw_body: max_allowed_file_size"])
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

    @Test("A message for a result goes with a result, but for nginx.set_ctx; only exit and error end the event")
    func results() {
        for method in PDKCatalogue.all {
            #expect(method.facts.hasResult == (method.result != nil))
            #expect(method.endsEvent == ["kong.response.exit", "kong.response.error"].contains(method.name))
            guard let output = method.output else { continue }
            #expect((method.result == nil) == (output == .empty || method.name == "kong.nginx.set_ctx"))
        }
    }

    @Test(
        "A method is allowed where Kong's phase checks allow it",
        arguments: [
            ("kong.request.get_header", [.rewrite, .access, .response, .log]),
            ("kong.request.get_port", [.rewrite, .access, .response, .preread]),
            ("kong.request.get_path", [.rewrite, .access, .response]),
            ("kong.client.get_ip", [.rewrite, .access, .response, .preread]),
            ("kong.request.get_raw_body", [.rewrite, .access, .response]),
            ("kong.response.set_header", [.rewrite, .access, .response]),
            ("kong.response.get_header", [.response, .log]),
            ("kong.response.exit", [.rewrite, .access, .response, .preread]),
            ("kong.service.set_target", [.access, .preread]),
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
            ("kong.nginx.get_var", [.rewrite, .access, .response, .preread]),
            ("kong.nginx.get_tls1_version_str", [.certificate, .rewrite, .access, .response, .preread]),
            ("kong.client.tls.disable_session_reuse", .certificate),
            ("kong.client.tls.get_full_client_certificate_chain", [.rewrite, .access, .response]),
            ("kong.client.tls.disable_http2_alpn", []),
            ("kong.request.get_body", [.rewrite, .access, .response]),
            ("kong.request.get_start_time", [.rewrite, .access, .response, .log]),
            ("kong.request.get_forwarded_path", [.rewrite, .access, .response]),
            ("kong.response.get_raw_body", []),
            ("kong.response.error", [.rewrite, .access, .response]),
            ("kong.service.set_timeouts", .access),
            ("kong.service.set_tls_verify", [.rewrite, .access, .preread]),
            ("kong.service.request.disable_tls", .preread),
            ("kong.service.request.set_body", [.rewrite, .access]),
            ("kong.service.response.get_body", .response),
            ("kong.vault.get", .all),
            ("kong.telemetry.log", [.rewrite, .access, .response, .log]),
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
