import FoundationEssentials
import KongSimulator

/// What the service or the client gets, and what the plugin has changed of it.
struct TrialMessage: Encodable {
    enum Change: String, Encodable {
        case added, changed, removed
    }

    struct Header: Encodable {
        let name: String
        let value: String
        /// Nil: it is as it would be without the plugin.
        let change: Change?
    }

    /// "POST /path?query HTTP/1.1", or "200".
    let start: String
    let isStartChanged: Bool
    /// Of the service: as "http://service.test:80".
    let target: String?
    let isTargetChanged: Bool?
    let headers: [Header]
    /// With U+FFFD for what is not UTF-8.
    let body: String
    /// Of one that is not UTF-8.
    let bodyBase64: String?
    let bodySize: Int
    let isBodyChanged: Bool

    enum CodingKeys: String, CodingKey {
        case start, target, headers, body
        case isStartChanged = "start_changed"
        case isTargetChanged = "target_changed"
        case bodyBase64 = "body_base64"
        case bodySize = "body_size"
        case isBodyChanged = "body_changed"
    }

    /// What the service gets. What Kong adds to each request (`X-Forwarded-…`, `Via`) is left out.
    init(_ request: ServiceRequest, comparedWith untouched: ServiceRequest) {
        self.init(
            Self.line(request), Self.line(untouched), targets: (Self.target(request), Self.target(untouched)), Self.headers(request),
            Self.headers(untouched), request.body.bytes, untouched.body.bytes)
    }

    /// What the client gets.
    init(_ response: SimulatedResponse, comparedWith untouched: SimulatedResponse) {
        self.init(
            "\(response.status)", "\(untouched.status)", targets: nil, response.headers, untouched.headers, response.body,
            untouched.body)
    }

    private init(
        _ start: String, _ untouchedStart: String, targets: (String, untouched: String)?, _ headers: SimulatedHeaders,
        _ untouchedHeaders: SimulatedHeaders, _ body: [UInt8], _ untouchedBody: [UInt8]
    ) {
        self.start = start
        isStartChanged = start != untouchedStart
        target = targets?.0
        isTargetChanged = targets.map { $0.0 != $0.untouched }
        self.headers = Self.compared(headers, with: untouchedHeaders)
        let text = String(validating: body, as: UTF8.self)
        self.body = text ?? String(decoding: body, as: UTF8.self)
        bodyBase64 = text == nil ? Data(body).base64EncodedString() : nil
        bodySize = body.count
        isBodyChanged = body != untouchedBody
    }

    private static func line(_ request: ServiceRequest) -> String {
        "\(request.method) \(String(decoding: request.uri, as: UTF8.self)) HTTP/1.1"
    }

    private static func target(_ request: ServiceRequest) -> String {
        guard let target = request.target else { return request.scheme }
        return "\(request.scheme)://\(String(decoding: target.host, as: UTF8.self)):\(target.port)"
    }

    /// With the Host that Kong sends: the service's, unless the client's is kept or a plugin has set another.
    private static func headers(_ request: ServiceRequest) -> SimulatedHeaders {
        var headers = request.headers
        var host = request.host ?? request.target?.host ?? []
        if request.host == nil, let port = request.target?.port, port != (request.scheme == "https" ? 443 : 80) {
            host += Array(":\(port)".utf8)
        }
        for index in headers.fields.indices where headers.fields[index].lowercasedName == "host" { headers.fields[index].value = host }
        return headers
    }

    /// Headers in their order, and after them those that are gone.
    private static func compared(_ headers: SimulatedHeaders, with untouched: SimulatedHeaders) -> [Header] {
        var before = Dictionary(grouping: untouched.fields, by: \.lowercasedName).mapValues { $0.map(\.value) }
        // Values that were there are matched first: one that comes in front of them is no change of them.
        let isNew = headers.fields.map { field in
            guard let index = before[field.lowercasedName]?.firstIndex(of: field.value) else { return true }
            before[field.lowercasedName]?.remove(at: index)
            return false
        }
        let present = zip(headers.fields, isNew).map { field, isNew in
            guard isNew else { return Header(field, nil) }
            guard before[field.lowercasedName]?.isEmpty == false else { return Header(field, .added) }
            before[field.lowercasedName]?.removeFirst()
            return Header(field, .changed)
        }
        let gone = untouched.fields.filter { field in
            guard let index = before[field.lowercasedName]?.firstIndex(of: field.value) else { return false }
            before[field.lowercasedName]?.remove(at: index)
            return true
        }
        return present + gone.map { Header($0, .removed) }
    }
}

extension TrialMessage.Header {
    fileprivate init(_ field: SimulatedHeaders.Field, _ change: TrialMessage.Change?) {
        name = String(decoding: field.name, as: UTF8.self)
        value = String(decoding: field.value, as: UTF8.self)
        self.change = change
    }
}

extension SimulatedHeaders.Field {
    fileprivate var lowercasedName: String { String(decoding: name, as: UTF8.self).lowercased() }
}

extension SimulatedBody {
    fileprivate var bytes: [UInt8] { if case .bytes(let bytes) = self { bytes } else { [] } }
}
