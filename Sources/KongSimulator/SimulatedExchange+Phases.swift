import WireProtocol

extension SimulatedExchange {
    /// Goes on to a phase, through what lies before it: routing before access, the service's answer before response.
    ///
    /// - Returns: Whether Kong runs plugins in it. It does not when the request has been answered before, in any phase but
    ///   `log`.
    @discardableResult
    public mutating func begin(_ next: SimulatedPhase) -> Bool {
        switch next {
        case .certificate, .rewrite: break
        case .preread:
            isStream = true
            route()
        case .access: route()
        case .response:
            route()
            // Kong buffers the service's answer once a plugin has a response phase, except for WebSockets. 2.8 does not
            // over HTTP/2 either, and leaves out the phase without a word to the plugin.
            if !isAnswered, serviceResponse == nil { serviceRequest.isBuffered = true }
            proxy()
        case .log:
            finish()
            phase = .log
            phaseIsOver = false
            return saveForLog()
        }
        guard !isAnswered else {
            phaseIsOver = true
            return false
        }
        phase = next
        phaseIsOver = false
        return true
    }

    /// Lets the service answer, if nobody has yet: the request's end without a log phase.
    public mutating func finish() {
        route()
        proxy()
        addCharset()
    }

    /// Whether a plugin's answer or an error stands in for the service's answer.
    var isAnswered: Bool { hasExited || hasFailed }

    /// What Kong does before the access phase: it finds the route, and from it path, scheme, host and target. What
    /// plugins have set of these in the rewrite phase is overwritten.
    private mutating func route() {
        guard !isRouted, !isAnswered else { return }
        isRouted = true
        guard let routeEntity else {
            // The PDK's `error`: in JSON, or in what the client accepts.
            let text = Array("no Route matched with those values".utf8)
            hasExited = true
            answer(404, with: text, as: errorType)
            return
        }
        if let scheme = serviceEntity?["protocol"]?.text { serviceRequest.scheme = scheme }
        let strips = routeEntity["strip_path"] == true
        let prefix = matchedPrefix(of: routeEntity["paths"])
        serviceRequest.path = URIPath.escaped(servicePath(prefix: prefix, strips: strips))
        if trusted, let forwarded = requestHeader("x-forwarded-prefix") {
            forwardedPrefix = forwarded
        } else {
            forwardedPrefix = strips && prefix != nil && prefix != Array("/".utf8) ? prefix : nil
        }
        if routeEntity["preserve_host"] == true { serviceRequest.host = serviceRequest.headers.first("host") }
        serviceRequest.target = ServiceRequest.Target(
            host: serviceEntity?["host"]?.stringBytes ?? [], port: serviceEntity?["port"]?.integer.flatMap(Int.init(exactly:)) ?? 80)
        if let retries = serviceEntity?["retries"]?.integer.flatMap(Int.init(exactly:)) { serviceRequest.retries = retries }
    }

    /// The longest of the route's plain paths with which the request's begins; a regular expression is not simulated.
    private func matchedPrefix(of paths: OwnedValue?) -> [UInt8]? {
        let path = URIPath.normalized(request.path)
        return (paths?.items ?? []).compactMap(\.stringBytes)
            .filter { $0.first == UInt8(ascii: "/") && path.starts(with: $0) }
            .max { $0.count < $1.count }
    }

    /// `path_handling` v0 (get_upstream_uri_v0 in router/utils.lua).
    private func servicePath(prefix: [UInt8]?, strips: Bool) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let path = URIPath.normalized(request.path)
        let base = serviceEntity?["path"]?.stringBytes ?? [slash]
        guard strips else {
            if base.last == slash { return base + path.dropFirst() }
            return path == [slash] ? base : base + path
        }
        let rest = Array(path.dropFirst(prefix?.count ?? 1))
        if base.last == slash {
            if rest.isEmpty { return base == [slash] || path.last == slash ? base : base.dropLast() }
            return rest.first == slash ? base.dropLast() + rest : base + rest
        }
        if rest.isEmpty { return path.count > 1 && path.last == slash ? base + [slash] : base }
        return rest.first == slash ? base + rest : base + [slash] + rest
    }

    /// Sends the request to the service, and takes its answer as the client's.
    private mutating func proxy() {
        guard !isAnswered, serviceResponse == nil else { return }
        guard serviceEntity != nil else {
            hasExited = true
            return answer(503, with: Array("no Service found with those values".utf8), as: errorType)
        }
        let answer: SimulatedResponse
        switch service {
        case .answers(let response): answer = response
        case .echoes:
            let type = serviceRequest.headers.first("content-type") ?? Array("application/octet-stream".utf8)
            answer = SimulatedResponse(
                headers: SimulatedHeaders([.init(Array("Content-Type".utf8), type)]), body: serviceRequest.body.contents ?? [])
        }
        serviceResponse = answer
        let earlier = response.headers
        response = answer
        if serviceRequest.isBuffered {
            copyHeaders(of: answer, over: earlier)
        } else {
            response.headers = SimulatedHeaders(earlier.fields.filter { !answer.headers.replaces($0) } + answer.headers.fields)
        }
    }

    /// Kong's nginx.conf has `charset UTF-8`, which nginx adds where a text goes out without one, but for these two statuses:
    /// the client sees it, and so does the log phase.
    private mutating func addCharset() {
        guard ![301, 302].contains(response.status), let type = response.headers.first("content-type"),
            ["text/html", "text/plain", "text/xml"].contains(type.lowercasedASCII.text)
        else { return }
        response.headers.setOutput("Content-Type", type + Array("; charset=UTF-8".utf8))
    }

    /// A buffered answer's headers go through `kong.response.set_headers`: underscores in names become dashes, an empty
    /// value a space, and of a header that nginx has once only the last stays.
    private mutating func copyHeaders(of answer: SimulatedResponse, over earlier: SimulatedHeaders) {
        response.headers = earlier
        for field in answer.headers.fields { response.headers.removeAll(SimulatedHeaders.outputName(field.name).lowercasedASCII) }
        for field in answer.headers.fields {
            guard !HeaderChecks.isTransferEncoding(field.name) else {
                write(.warn, "manually setting Transfer-Encoding. Ignored.")
                continue
            }
            // A Content-Length that is no number is the only one refused; nginx would have refused the answer before.
            try? response.headers.addOutput(field.name, HeaderChecks.lines(.string(field.value)))
        }
    }

    /// What Kong does after an error in a plugin, or in its own Lua on a plugin's behalf: 500 for the client, except in the
    /// log phase, in which the client has its answer already.
    public mutating func fail(_ text: String) {
        phaseIsOver = true
        write(.err, text)
        guard phase != .log, phase != .certificate, !isStream else { return }
        hasFailed = true
        // Kong's answer is JSON if the client accepts anything after an error in access; after one in another phase its
        // error handler answers, which goes by the request's Content-Type then, and at last by `error_default_type`, plain text.
        let accepted = requestHeader("accept") ?? requestHeader("content-type") ?? Array("text/plain".utf8)
        let type = phase == .access ? errorType : AcceptHeader.errorType(accepted)
        answer(500, with: Array("An unexpected error occurred".utf8), as: type)
    }

    /// Answers the client with one of Kong's error texts.
    private mutating func answer(_ status: Int, with text: [UInt8], as mediaType: String) {
        response.status = status
        response.body = ErrorBody.make(text, as: mediaType, requestID: requestID)
        response.headers.setOutput("Content-Type", Array(mediaType.utf8))
        response.headers.setOutput("Content-Length", Array("\(response.body.count)".utf8))
    }
}
