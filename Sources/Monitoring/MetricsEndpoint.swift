// Unsafe pointers: a request is lent from the connection's input.

import Statistics

/// `GET /metrics` over HTTP/1, for Prometheus: as much of HTTP as that takes.
public final class MetricsEndpoint: Endpoint {
    /// Has the status made; calls its argument once, on the service's loop.
    public typealias Source = (_ done: @escaping @Sendable (ServerStatus) -> Void) -> Void

    private let source: Source

    public let requestLimit = 8 * 1024

    public init(_ source: @escaping Source) {
        self.source = source
    }

    public func take(_ request: UnsafeRawBufferPointer) -> Intake {
        guard let header = Self.header(of: request) else { return .incomplete }
        let isHead: Bool
        switch HTTPRequestLine(header) {
        case nil: return .answer(HTTPAnswer(.badRequest).bytes)
        case let line? where line.path != "/metrics": return .answer(HTTPAnswer(.notFound, isHead: line.method == "HEAD").bytes)
        case let line? where line.method == "GET": isHead = false
        case let line? where line.method == "HEAD": isHead = true
        default: return .answer(HTTPAnswer(.methodNotAllowed).bytes)
        }
        return .later { [source] answer in
            source { status in
                answer(HTTPAnswer(.ok, PrometheusText(status).text, type: PrometheusText.contentType, isHead: isHead).bytes)
            }
        }
    }

    public var answerToExcess: [UInt8] { HTTPAnswer(.headersTooLarge).bytes }

    /// Everything up to the empty line; nil: it has not come yet. A body, if there is one, is not read.
    private static func header(of request: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        // Lines end with CR LF, and for old clients with LF alone.
        var lineLength = 0
        for (index, byte) in request.enumerated() {
            if byte == UInt8(ascii: "\n") {
                if lineLength == 0, index > 0 { return UnsafeRawBufferPointer(rebasing: request[...index]) }
                lineLength = 0
            } else if byte != UInt8(ascii: "\r") {
                lineLength += 1
            }
        }
        return nil
    }
}
