/// Kong's own error answers (kong/tools/http.lua).
enum ErrorBody {
    /// What Kong answers with, by what the client names.
    static let types = [
        "text/html": "text/html; charset=utf-8", "application/json": "application/json; charset=utf-8",
        "text/plain": "text/plain; charset=utf-8", "application/xml": "application/xml; charset=utf-8",
        "application/*": "application/json; charset=utf-8", "text/*": "text/plain; charset=utf-8",
        "*/*": "application/json; charset=utf-8", "application/grpc": "",
    ]
    static let json = "application/json; charset=utf-8"

    /// The body for one of these types; nil for another, for which Kong has no template. 2.8 has no request id in it.
    static func make(_ message: [UInt8], as mediaType: String, requestID: String) -> [UInt8] {
        let (message, id) = (message, Array(requestID.utf8))
        func body(_ before: String, _ between: String, _ after: String) -> [UInt8] {
            Array(before.utf8) + message + Array(between.utf8) + id + Array(after.utf8)
        }
        switch mediaType.prefix(while: { $0 != ";" }) {
        case "application/json": return body("{\n  \"message\":\"", "\",\n  \"request_id\":\"", "\"\n}")
        case "text/html":
            return body(
                "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n  "
                    + "<body>\n    <h1>Error</h1>\n    <p>", ".</p>\n    <p>request_id: ", "</p>\n  </body>\n</html>\n")
        case "application/xml":
            return body(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>", "</message>\n  <requestid>",
                "</requestid>\n</error>\n")
        case "text/plain": return body("", "\nrequest_id: ", "\n")
        default: return []
        }
    }

    static func hasTemplate(for mediaType: String) -> Bool {
        ["application/json", "text/html", "application/xml", "text/plain", "application/grpc"].contains(mediaType)
            || types.values.contains(mediaType)
    }

    /// The messages of `kong.response.error` without one.
    static func message(for status: Int) -> String {
        messages[status] ?? "The upstream server responded with \(status)"
    }

    private static let messages: [Int: String] = [
        400: "Bad request", 401: "Unauthorized", 402: "Payment required", 403: "Forbidden", 404: "Not found",
        405: "Method not allowed", 406: "Not acceptable", 407: "Proxy authentication required", 408: "Request timeout",
        409: "Conflict", 410: "Gone", 411: "Length required", 412: "Precondition failed", 413: "Payload too large",
        414: "URI too long", 415: "Unsupported media type", 416: "Range not satisfiable", 417: "Expectation failed",
        418: "I'm a teapot", 421: "Misdirected request", 422: "Unprocessable entity", 423: "Locked",
        424: "Failed dependency", 425: "Too early", 426: "Upgrade required", 428: "Precondition required",
        429: "Too many requests", 431: "Request header fields too large", 451: "Unavailable for legal reasons",
        494: "Request header or cookie too large", 500: "An unexpected error occurred", 501: "Not implemented",
        502: "An invalid response was received from the upstream server",
        503: "The upstream server is currently unavailable", 504: "The upstream server is timing out",
        505: "HTTP version not supported", 506: "Variant also negotiates", 507: "Insufficient storage",
        508: "Loop detected", 510: "Not extended", 511: "Network authentication required",
    ]
}
