import WireProtocol

/// One request through Kong, as far as a demonstration needs it: what the client sent, and what plugins do to the request
/// for the service and to the answer. Pass `answer` to `KongClient.handleEvent`.
public final class SimulatedRequest {
    /// Names in lower case, each with its values in order.
    public struct Headers: Sendable {
        public private(set) var values: [String: [String]]

        public init(_ values: [String: [String]] = [:]) { self.values = values }

        public subscript(name: String) -> [String] { values[name.lowercased()] ?? [] }
        mutating func set(_ name: String, _ value: [String]) { values[name.lowercased()] = value }
        mutating func add(_ name: String, _ value: [String]) { values[name.lowercased(), default: []] += value }
        mutating func clear(_ name: String) { values[name.lowercased()] = nil }
    }

    public let method: String
    public let path: String
    public let headers: Headers

    /// What plugins have set on the request for the service.
    public private(set) var serviceRequestHeaders = Headers()
    /// The answer to the client: the service's, as plugins have changed it, or their own.
    public private(set) var status = 200
    public private(set) var responseHeaders = Headers()
    public private(set) var body: [UInt8] = []
    /// Whether a plugin has answered with `kong.response.exit`.
    public private(set) var hasExited = false
    /// Lines of Kong's log: level, and text.
    public private(set) var log: [(level: String, text: String)] = []

    public init(_ method: String, _ path: String, headers: [String: [String]] = [:]) {
        self.method = method
        self.path = path
        self.headers = Headers(Dictionary(headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: +))
    }

    /// What Kong's PDK does with a call. One that is not simulated returns nil.
    public func answer(_ call: PDKCall) -> PDKReply {
        switch call.method {
        case "kong.request.get_method": return .value(.string(method))
        case "kong.request.get_path": return .value(.string(path))
        case "kong.request.get_header": return header(headers, call)
        case "kong.request.get_headers": return allHeaders(headers)
        case "kong.request.get_host": return .value(.string(headers["host"].first ?? ""))
        case "kong.request.get_scheme": return .value("http")
        case "kong.request.get_raw_query": return .value("")
        case "kong.request.get_raw_body": return .value(.bytes([]))
        case "kong.response.get_status": return .value(.integer(Int64(status)))
        case "kong.response.get_header": return header(responseHeaders, call)
        case "kong.response.get_headers": return allHeaders(responseHeaders)
        case "kong.response.set_status": status = Int(call.integer(0) ?? 0)
        case "kong.response.set_header": change(&responseHeaders, call) { $0.set($1, $2) }
        case "kong.response.add_header": change(&responseHeaders, call) { $0.add($1, $2) }
        case "kong.response.clear_header": change(&responseHeaders, call) { headers, name, _ in headers.clear(name) }
        case "kong.response.set_headers": setAll(&responseHeaders, call.arguments.first)
        case "kong.service.request.set_header": change(&serviceRequestHeaders, call) { $0.set($1, $2) }
        case "kong.service.request.add_header": change(&serviceRequestHeaders, call) { $0.add($1, $2) }
        case "kong.service.request.clear_header":
            change(&serviceRequestHeaders, call) { headers, name, _ in headers.clear(name) }
        case "kong.service.request.set_headers": setAll(&serviceRequestHeaders, call.arguments.first)
        case "kong.response.exit":
            status = Int(call.integer(0) ?? 0)
            if call.arguments.count > 1 { body = call.arguments[1].stringBytes ?? [] }
            if call.arguments.count > 2 { setAll(&responseHeaders, call.arguments[2]) }
            hasExited = true
            return .neverAnswers
        case let method where method.hasPrefix("kong.log."):
            log.append((String(method.dropFirst(9)), call.arguments.map { $0.text ?? "\($0)" }.joined()))
        default: break
        }
        return .nothing
    }

    private func header(_ headers: Headers, _ call: PDKCall) -> PDKReply {
        .value(headers[call.text(0) ?? ""].first.map { .string($0) } ?? .null)
    }

    /// As Kong's table: a string for one value, an array for several.
    private func allHeaders(_ headers: Headers) -> PDKReply {
        .value(
            .map(
                Dictionary(
                    headers.values.map { name, values in
                        (Array(name.utf8), values.count == 1 ? .string(values[0]) : .array(values.map { .string($0) }))
                    }, uniquingKeysWith: { $1 })))
    }

    private func change(
        _ headers: inout Headers, _ call: PDKCall, _ change: (inout Headers, String, [String]) -> Void
    ) {
        change(&headers, call.text(0) ?? "", call.arguments.count > 1 ? Self.texts(call.arguments[1]) : [])
    }

    private func setAll(_ headers: inout Headers, _ map: OwnedValue?) {
        for (name, value) in map?.entries ?? [:] { headers.set(String(decoding: name, as: UTF8.self), Self.texts(value)) }
    }

    private static func texts(_ value: OwnedValue) -> [String] {
        value.items?.map { $0.text ?? "\($0)" } ?? [value.text ?? "\(value)"]
    }
}

extension PDKCall {
    fileprivate func text(_ index: Int) -> String? { index < arguments.count ? arguments[index].text : nil }
    fileprivate func integer(_ index: Int) -> Int64? { index < arguments.count ? arguments[index].integer : nil }
}
