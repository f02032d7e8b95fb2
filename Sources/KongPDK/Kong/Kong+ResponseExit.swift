extension Kong.Response {
    /// Answers the client now, with a body of any bytes, and ends the handler; no other plugin's handler of this phase runs
    /// after it.
    ///
    /// It never returns: it throws, and the handler should let that pass.
    ///
    /// Phases: rewrite, access, response, preread. Kong's name: `kong.response.exit`, since 2.0.
    /// - Parameters:
    ///   - status: 100 … 599; in preread 200, 400, 403, 500, 502 or 503. Anything else throws
    ///     `PDKError.Code.badArgument`.
    ///   - body: sent as it is.
    ///   - headers: added to the answer.
    public func exit(_ status: Int, body: [UInt8]? = nil, headers: Headers = [:]) throws -> Never {
        try exit(status, body.map { .bytes($0) }, headers)
    }

    /// Answers the client now, with a text, and ends the handler; no other plugin's handler of this phase runs after it.
    ///
    /// It never returns: it throws, and the handler should let that pass.
    ///
    /// Phases: rewrite, access, response, preread. Kong's name: `kong.response.exit`, since 2.0.
    /// - Parameters:
    ///   - status: 100 … 599; in preread 200, 400, 403, 500, 502 or 503. Anything else throws
    ///     `PDKError.Code.badArgument`.
    ///   - body: sent as it is.
    ///   - headers: added to the answer.
    public func exit(_ status: Int, body: String, headers: Headers = [:]) throws -> Never {
        try exit(status, .string(body), headers)
    }

    /// Answers the client now with a message in the form that Kong's own plugins give theirs, `{"message":"…"}`, and ends the
    /// handler; no other plugin's handler of this phase runs after it.
    ///
    /// It never returns: it throws, and the handler should let that pass.
    ///
    /// Phases: rewrite, access, response, preread. Kong's name: `kong.response.exit`, since 2.0.
    /// - Parameters:
    ///   - status: 100 … 599; in preread 200, 400, 403, 500, 502 or 503. Anything else throws
    ///     `PDKError.Code.badArgument`.
    ///   - message: what went wrong, for the client.
    ///   - headers: added to the answer; the `content-type` is JSON's, unless there is one among them.
    public func exit(_ status: Int, message: String, headers: Headers = [:]) throws -> Never {
        var headers = headers
        if !headers.contains("content-type") { headers.add("Content-Type", "application/json; charset=utf-8") }
        try exit(status, .string("{\"message\":\(message.jsonLiteral)}"), headers)
    }

    private func exit(_ status: Int, _ body: Value?, _ headers: Headers) throws -> Never {
        if kong.phase == .preread {
            try kong.check(
                [200, 400, 403, 500, 502, 503].contains(status), .responseExit,
                "\(status) is none of 200, 400, 403, 500, 502 and 503, as it must be in preread")
        } else {
            try kong.check(status, in: 100...599, .responseExit)
        }
        switch (body, headers.isEmpty) {
        case (nil, true): try kong.queue(.responseExit, status)
        case (let body?, true): try kong.queue(.responseExit, status, body)
        // Kong's Lua loses what comes after a nil; an empty body looks the same to the client.
        case (let body, false): try kong.queue(.responseExit, status, body ?? "", headers)
        }
        throw ExitSignal()
    }

    /// Answers the client now with an error, in the form that it accepts (JSON, HTML, XML, plain text or gRPC), and ends
    /// the handler; no other plugin's handler of this phase runs after it.
    ///
    /// It never returns: it throws, and the handler should let that pass.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.response.error`, since 2.1, over MessagePack only.
    /// - Parameters:
    ///   - status: 400 … 599; anything else throws `PDKError.Code.badArgument`.
    ///   - message: nil for Kong's own message for that status.
    public func error(_ status: Int, message: String? = nil) throws -> Never {
        try kong.check(status, in: 400...599, .responseError)
        if let message {
            try kong.queue(.responseError, status, message)
        } else {
            try kong.queue(.responseError, status)
        }
        throw ExitSignal()
    }

    /// Answers the client now with an error and headers, and ends the handler; no other plugin's handler of this phase runs
    /// after it.
    ///
    /// It never returns: it throws, and the handler should let that pass.
    ///
    /// Phases: rewrite, access, response. Kong's name: `kong.response.error`, since 2.1, over MessagePack only.
    /// - Parameters:
    ///   - status: 400 … 599; anything else throws `PDKError.Code.badArgument`.
    ///   - message: what went wrong, for the client.
    ///   - headers: added to the answer. A `content-type` decides about the form of the message.
    public func error(_ status: Int, message: String, headers: Headers) throws -> Never {
        try kong.check(status, in: 400...599, .responseError)
        try kong.queue(.responseError, status, message, headers)
        throw ExitSignal()
    }
}

extension String {
    /// The text in quotes, as JSON has it.
    fileprivate var jsonLiteral: String {
        var literal = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\0"..<" ": literal += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }
}
