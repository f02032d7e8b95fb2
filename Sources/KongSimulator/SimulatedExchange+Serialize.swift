import WireProtocol

extension SimulatedExchange {
    /// `kong.log.serialize`: the record that logging plugins write. Times are those of a gateway that takes none.
    func serializedRecord() -> OwnedValue {
        isStream ? streamRecord : httpRecord
    }

    private var httpRecord: OwnedValue {
        record([
            "request": .map(requestRecord.byBytes),
            "upstream_uri": .string(isRouted ? serviceRequest.uri : []),
            // A string of nginx's, or a number of Kong's, if it has buffered the answer.
            "upstream_status": upstreamStatus,
            "response": [
                "status": .integer(Int64(response.status)), "headers": .map(responseTable(limit: nil).table),
                "size": .integer(Int64(responseLength)),
            ],
            "latencies": [
                "kong": 0, "proxy": .integer(serviceResponse == nil ? -1 : 0), "request": 0, "receive": 0,
            ],
            "source": .string(source == .service ? "upstream" : "kong"),
        ])
    }

    private var requestRecord: [String: OwnedValue] {
        var headers = serviceRequest.headers.table(limit: gateway.maximumRequestHeaders).table
        for name in ["authorization", "proxy-authorization"] where headers[Array(name.utf8)] != nil {
            headers[Array(name.utf8)] = "REDACTED"
        }
        let port = gateway.portMaps[request.serverPort] ?? request.serverPort
        var record: [String: OwnedValue] = [
            "id": .string(requestID), "uri": .string(request.target),
            "url": .string(Array("\(request.scheme)://".utf8) + host + Array(":\(port)".utf8) + request.target),
            "querystring": QueryString.arguments(serviceRequest.query, limit: gateway.maximumQueryArguments).arguments,
            "method": .string(serviceRequest.method), "headers": .map(headers), "size": .integer(Int64(requestLength)),
        ]
        if let tls = tlsRecord { record["tls"] = tls }
        return record
    }

    private var upstreamStatus: OwnedValue {
        guard let answer = serviceResponse else { return "" }
        return serviceRequest.isBuffered ? .integer(Int64(answer.status)) : .string("\(answer.status)")
    }

    private var tlsRecord: OwnedValue? {
        request.tls.map { tls in
            [
                "version": .string(tls.version), "cipher": .string(tls.cipher),
                "client_verify": .string(clientVerifyOverride ?? tls.clientVerify),
            ]
        }
    }

    /// What both subsystems have in their records.
    private func record(_ own: [String: OwnedValue]) -> OwnedValue {
        var record = own
        if isRouted {
            record["route"] = routeEntity
            record["service"] = serviceEntity
            record["tries"] = .array(tries)
        }
        if let consumer { record["consumer"] = consumer }
        if let credential {
            // The consumer's id is the credential's alone: Kong looks for that of the consumer under a wrong name.
            let entity = ["id": credential["id"], "consumer_id": credential["consumer_id"]].compactMapValues { $0 }
            record["authenticated_entity"] = .map(entity.byBytes)
        }
        record["client_ip"] = .string(forwardedAddress)
        record["started_at"] = OwnedValue(luaNumber: (startTime * 1000).rounded())
        record["workspace"] = .string(gateway.workspaceID)
        record["workspace_name"] = .string(gateway.workspaceName)
        return .map(record.byBytes)
    }

    private var tries: [OwnedValue] {
        guard serviceResponse != nil, let target = serviceRequest.target else { return [] }
        return [
            [
                "ip": .string(target.host), "port": .integer(Int64(target.port)), "balancer_latency": 0,
                "balancer_start": OwnedValue(luaNumber: (startTime * 1000).rounded()),
            ]
        ]
    }

    private var streamRecord: OwnedValue {
        var session: [String: OwnedValue] = [
            "received": 0, "sent": .integer(Int64(response.body.count)), "status": .integer(Int64(response.status)),
            "server_port": .integer(Int64(gateway.portMaps[request.serverPort] ?? request.serverPort)),
        ]
        if let tls = tlsRecord { session["tls"] = tls }
        return record([
            "session": .map(session.byBytes), "upstream": ["received": 0, "sent": 0],
            "latencies": ["kong": 0, "session": 0],
        ])
    }
}
