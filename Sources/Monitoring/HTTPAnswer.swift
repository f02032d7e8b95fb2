/// The answer to an HTTP/1 request, after which the connection is closed.
struct HTTPAnswer {
    enum Status: String {
        case ok = "200 OK"
        case badRequest = "400 Bad Request"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case headersTooLarge = "431 Request Header Fields Too Large"
    }

    let bytes: [UInt8]

    /// - Parameters:
    ///   - body: for other statuses than ok, what the status says.
    ///   - isHead: whether the body is only announced.
    init(_ status: Status, _ body: String? = nil, type: String = "text/plain; charset=utf-8", isHead: Bool = false) {
        let body = Array((body ?? "\(status.rawValue)\n").utf8)
        let allow = status == .methodNotAllowed ? "Allow: GET, HEAD\r\n" : ""
        let header = """
            HTTP/1.1 \(status.rawValue)\r
            Content-Type: \(type)\r
            Content-Length: \(body.count)\r
            \(allow)Connection: close\r
            \r

            """
        bytes = Array(header.utf8) + (isHead ? [] : body)
    }
}
