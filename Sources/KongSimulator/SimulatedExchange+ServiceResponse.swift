import WireProtocol

// kong/pdk/service/response.lua

extension SimulatedExchange {
    private static let phases: PhaseMask = [.response, .headerFilter, .bodyFilter, .log]

    mutating func callServiceResponse(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "get_status", "get_headers", "get_header", "get_raw_body", "get_body": try check(Self.phases)
        default: throw .unknownMethod
        }
        switch name {
        case "get_status":
            guard let answer = buffered else { throw .disabledAPI }
            return .integer(Int64(answer.status))
        case "get_headers":
            _ = try arguments.limit(0, "max_headers")
            guard buffered != nil else { throw .disabledAPI }
            // A buffered answer's headers are behind a table that looks them up one by one. It has no entries itself, and
            // so none go over the socket: only get_header tells what the service's headers were.
            return .map([:])
        case "get_header":
            let name = try arguments.string(0, or: "name must be a string")
            return try serviceResponseHeader(name).map { .string($0) } ?? .null
        case "get_raw_body": return .bytes(try serviceResponseBody())
        default: return try serviceResponseTable(arguments)
        }
    }

    /// The service's answer, if Kong has kept it: with a response phase, or `enable_buffering`. Without, what is asked of
    /// nginx's variables fails in the log phase.
    private var buffered: SimulatedResponse? { serviceRequest.isBuffered ? serviceResponse : nil }

    /// Dashes and underscores are not told apart.
    private func serviceResponseHeader(_ name: [UInt8]) throws(Interruption) -> [UInt8]? {
        guard let answer = buffered else { throw .disabledAPI }
        if let exact = answer.headers.fields.first(where: { $0.name == name }) { return exact.value }
        func folded(_ name: [UInt8]) -> [UInt8] {
            name.lowercasedASCII.replacing(UInt8(ascii: "-"), with: UInt8(ascii: "_"))
        }
        let key = folded(name)
        return answer.headers.fields.first { folded($0.name) == key }?.value
    }

    private func serviceResponseBody() throws(Interruption) -> [UInt8] {
        guard serviceRequest.isBuffered else {
            throw .raised(
                "service body is only available with buffered proxying "
                    + "(see: kong.service.request.enable_buffering function)")
        }
        return serviceResponse?.body ?? []
    }

    /// `get_body(mimetype, max_args)`.
    private mutating func serviceResponseTable(_ arguments: Arguments) throws(Interruption) -> OwnedValue {
        let body = try serviceResponseBody()
        let type: [UInt8]
        if arguments[0].isTrue {
            guard let given = arguments[0].luaString else {
                throw .raised("bad argument #1 to 'lower' (string expected, got \(arguments[0].luaType))")
            }
            type = given
        } else {
            guard let header = try serviceResponseHeader(Array("Content-Type".utf8)) else {
                throw .failed("missing content type")
            }
            type = header
        }
        switch BodyFormat(type) {
        // A hundred at most by itself, whatever Kong is configured to.
        case .form: return form(body, limit: try arguments.limit(1, "max_args") ?? 100, notice: "decode args truncated")
        case .json: return try Self.json(body)
        case .multipart: return MultipartBody.decode(body, type: type)
        case nil: throw .failed("unsupported content type '\(type.text)'")
        }
    }
}
