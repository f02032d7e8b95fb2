import WireProtocol

// The functions of kong/pdk/response.lua that answer the client.

extension SimulatedExchange {
    /// `exit(status, body, headers)`.
    ///
    /// Headers that plugins have set before stay. The body may be a table, for JSON. Before access it is sent at once, in
    /// access after the plugins' phase, without those that would have come later.
    mutating func exit(_ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        try check(.answering)
        let status = try arguments.status(0)
        guard ["nil", "string", "table"].contains(arguments[1].luaType) else {
            throw .raised("body must be a nil, string or table")
        }
        guard ["nil", "table"].contains(arguments[2].luaType) else { throw .raised("headers must be a nil or table") }
        let headers = arguments[2].isTable ? try HeaderChecks.validate(arguments[2]) : []
        try send(status, arguments[1], headers)
        hasExited = true
        throw .exited(status: status)
    }

    /// `error(status, message, headers)`: an answer in the type that the client accepts.
    mutating func exitWithError(_ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        try check(.answering)
        let status = try arguments.status(0, from: 400)
        var message = arguments[1]
        if message.isTable {
            do throws(JSONError) {
                message = .string(try JSONText.encode(message))
            } catch {
                throw .raised("could not JSON encode the error message: \(error.text)")
            }
        }
        guard ["nil", "string"].contains(message.luaType) else {
            throw .raised("message must be a nil, a string or a table")
        }
        guard ["nil", "table"].contains(arguments[2].luaType) else { throw .raised("headers must be a nil or table") }
        var headers = arguments[2].isTable ? try HeaderChecks.validate(arguments[2]) : []
        // Kong looks for this name in this case alone, and takes the first value of an array.
        let contentType = Array("Content-Type".utf8)
        let given = headers.first { $0.name == contentType }?.value.firstOfSeveral
        let type = given?.luaText ?? Array((isGRPC ? "application/grpc" : errorType).utf8)
        headers.removeAll { $0.name == contentType }
        headers.append((contentType, .string(type)))
        var body = OwnedValue.null
        if type.text != "application/grpc" {
            guard ErrorBody.hasTemplate(for: type.text) else {
                // Kong has no template for the type, and formats with none.
                throw .raised("bad argument #1 to 'fmt' (string expected, got nil)")
            }
            let text = message.stringBytes ?? Array(ErrorBody.message(for: status).utf8)
            body = .string(ErrorBody.make(text, as: type.text, requestID: requestID))
        }
        try send(status, body, headers)
        hasExited = true
        throw .exited(status: status)
    }

    /// `exit` of a connection without HTTP.
    mutating func exitStream(_ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        let code = try arguments.number(0, or: "code must be a number")
        guard [200, 400, 403, 500, 502, 503].contains(code) else {
            throw .raised("unacceptable code, only 200, 400, 403, 500, 502 and 503 are accepted")
        }
        var body = arguments[1]
        if body.isTable {
            do throws(JSONError) {
                body = .string(try JSONText.encode(body))
            } catch {
                throw .raised("invalid body: \(error.text)")
            }
        }
        guard ["nil", "string"].contains(body.luaType) else { throw .raised("body must be a nil, string or table") }
        response.status = Int(code)
        if let text = body.stringBytes {
            // The client gets a body with a good code only; another is logged.
            if code < 400 {
                response.body = text
            } else {
                write(.err, "unable to proxy stream connection, status: \(Int(code)), err: \(text.text)")
            }
        }
        hasExited = true
        throw .exited(status: Int(code))
    }

    /// The type for Kong's own error texts, by all of the request's `Accept` lines.
    var errorType: String {
        let lines = serviceRequest.headers.values(of: Array("accept".utf8))
        return AcceptHeader.errorType(Array(lines.joined(separator: [UInt8(ascii: ",")])))
    }

    var isGRPC: Bool {
        request.httpVersion == 2
            && serviceRequest.headers.first("content-type")?.starts(with: "application/grpc".utf8) == true
    }

    // MARK: Sending

    /// `send`.
    private mutating func send(
        _ status: Int, _ body: OwnedValue, _ headers: [(name: [UInt8], value: OwnedValue)]
    ) throws(Interruption) {
        var (body, hasType, hasLength) = (body, false, false)
        response.status = status
        response.body = []
        for header in headers {
            if HeaderChecks.isTransferEncoding(header.name) {
                write(.warn, "manually setting Transfer-Encoding. Ignored.")
            } else {
                try response.headers.setOutput(header.name, HeaderChecks.lines(header.value))
            }
            let name = header.name.lowercasedASCII.replacing(UInt8(ascii: "_"), with: UInt8(ascii: "-")).text
            hasType = hasType || name == "content-type"
            hasLength = hasLength || name == "content-length"
        }
        let type = response.headers.first("content-type")
        let isGRPCOutput = type?.starts(with: "application/grpc".utf8) == true
        let isGRPC = type == nil ? self.isGRPC : isGRPCOutput
        let grpcStatus = isGRPC && response.headers.first("grpc-status") == nil ? GRPCStatus.of(status) : nil
        if let grpcStatus { response.headers.setOutput("grpc-status", Array("\(grpcStatus)".utf8)) }

        if body.isTable, isGRPC {
            guard !isGRPCOutput else { throw .raised("table body encoding with gRPC is not supported") }
            if case .string(let message)? = body["message"] {
                body = .string(message)
            } else {
                write(.warn, "body was removed because table body encoding with gRPC is not supported")
                body = .null
            }
        }
        if body.isTable {
            do throws(JSONError) {
                response.body = try JSONText.encode(body)
            } catch {
                throw .raised("body encoding failed while flushing response: \(error.text)")
            }
            if !hasType { response.headers.setOutput("Content-Type", Array(ErrorBody.json.utf8)) }
        } else if let text = body.stringBytes, isGRPC, !isGRPCOutput {
            response.headers.setOutput("Content-Length", Array("0".utf8))
            response.headers.setOutput("grpc-message", text)
            return
        } else {
            response.body = body.stringBytes ?? []
            if let grpcStatus, response.headers.first("grpc-message") == nil, let message = GRPCStatus.messages[grpcStatus] {
                response.headers.setOutput("grpc-message", Array(message.utf8))
            }
        }
        if !hasLength { response.headers.setOutput("Content-Length", Array("\(response.body.count)".utf8)) }
    }
}

/// gRPC's own codes.
private enum GRPCStatus {
    static func of(_ status: Int) -> Int {
        switch status {
        case 401: 16
        case 403: 7
        case 404: 5
        case 409: 6
        case 429: 8
        case 499: 1
        case 501: 12
        case 503: 14
        case 504: 4
        case 500...599: 13
        case 400...499: 3
        case 200...299: 0
        default: 2
        }
    }

    static let messages = [
        0: "OK", 1: "Canceled", 2: "Unknown", 3: "InvalidArgument", 4: "DeadlineExceeded", 5: "NotFound",
        6: "AlreadyExists", 7: "PermissionDenied", 8: "ResourceExhausted", 9: "FailedPrecondition", 10: "Aborted",
        11: "OutOfRange", 12: "Unimplemented", 13: "Internal", 14: "Unavailable", 15: "DataLoss", 16: "Unauthenticated",
    ]
}
