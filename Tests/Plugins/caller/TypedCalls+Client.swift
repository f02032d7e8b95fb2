import KongPDK

extension TypedCalls {
    static let client: [String: Call] = [
        "kong.client.get_ip": { kong, _ in .string(try await kong.client.ip()) },
        "kong.client.get_forwarded_ip": { kong, _ in .string(try await kong.client.forwardedIP()) },
        "kong.client.get_port": { kong, _ in Value(try await kong.client.port()) },
        "kong.client.get_forwarded_port": { kong, _ in Value(try await kong.client.forwardedPort()) },
        "kong.client.get_protocol": { kong, arguments in
            Value(try await kong.client.networkProtocol(allowTerminated: arguments.boolean(0)))
        },
        "kong.client.get_consumer": { kong, _ in Value(try await kong.client.consumer()) },
        "kong.client.get_credential": { kong, _ in
            guard let credential = try await kong.client.credential() else { return .nil }
            return ["id": Value(credential.id), "consumer_id": Value(credential.consumerID)]
        },
        "kong.client.load_consumer": { kong, arguments in
            Value(try await kong.client.loadConsumer(arguments.text(0), byUsername: arguments.boolean(1)))
        },
        "kong.client.authenticate": { kong, arguments in
            let consumer = try arguments[0].isNil ? nil : Consumer(id: Arguments([arguments[0]["id"] ?? .nil]).text(0))
            let id = arguments[1]["id"]?.stringValue ?? ""
            let credential = try arguments[1].isNil ? nil : Credential(id: id, fields: arguments.map(1))
            try kong.client.authenticate(consumer, credential: credential)
            return .nil
        },
        "kong.ip.is_trusted": { kong, arguments in .boolean(try await kong.ip.isTrusted(arguments.text(0))) },

        "kong.client.tls.request_client_certificate": { kong, _ in
            try await kong.client.tls.requestClientCertificate()
            return true
        },
        "kong.client.tls.disable_session_reuse": { kong, _ in
            try await kong.client.tls.disableSessionReuse()
            return true
        },
        "kong.client.tls.get_full_client_certificate_chain": { kong, _ in
            Value(try await kong.client.tls.fullClientCertificateChain())
        },
        "kong.client.tls.set_client_verify": { kong, arguments in
            switch try arguments.text(0) {
            case "SUCCESS": try kong.client.tls.setClientVerify(.success)
            case "NONE": try kong.client.tls.setClientVerify(.none)
            case let text: try kong.client.tls.setClientVerify(.failed(reason: String(text.dropFirst(7))))
            }
            return .nil
        },

        "kong.ctx.shared.get": { kong, arguments in try await kong.ctx.shared.get(arguments.text(0)) },
        "kong.ctx.shared.set": { kong, arguments in
            try kong.ctx.shared.set(arguments.text(0), arguments[1])
            return .nil
        },
    ]
}

extension Value {
    init(_ integer: Int) { self = .integer(Int64(integer)) }
    init(_ integer: Int?) { self = integer.map { Value($0) } ?? .nil }
    init(_ text: String?) { self = text.map { .string($0) } ?? .nil }
    init(_ bytes: [UInt8]?) { self = bytes.map { .bytes($0) } ?? .nil }

    init(_ consumer: Consumer?) {
        guard let consumer else {
            self = .nil
            return
        }
        self = [
            "id": .string(consumer.id), "username": Value(consumer.username), "custom_id": Value(consumer.customID),
            "tags": .array(consumer.tags.map { .string($0) }), "created_at": Value(consumer.createdAt),
        ]
    }

    /// Each name with all its values, in order.
    init(_ headers: Headers) {
        self = .map(
            Dictionary(headers.map { ($0.name.lowercased(), .array([.bytes($0.valueBytes)])) }, uniquingKeysWith: Self.joined))
    }

    /// `true` for an argument without a value.
    init(_ query: Query) {
        self = .map(
            Dictionary(
                query.map { ($0.name, .array([$0.valueBytes.map { .bytes($0) } ?? true])) }, uniquingKeysWith: Self.joined))
    }

    private static func joined(_ one: Value, _ other: Value) -> Value {
        .array((one.arrayValue ?? []) + (other.arrayValue ?? []))
    }
}
