/// What a server has answered, as far as it matters here. What it says in the body does not.
struct HTTPAnswer {
    let status: Int
    /// Whether the connection is good for another request.
    let keepsConnection: Bool

    private static let maxHeadSize = 32 * 1024
    /// A longer body is not read; the connection is closed instead.
    private static let maxBodySize = 64 * 1024

    init(from connection: Connection, _ deadline: Deadline) throws(DeliveryError) {
        var received: [UInt8] = []
        while true {
            let head = try Self.receiveHead(&received, connection, deadline)
            guard let status = head.status else { throw DeliveryError("the answer is not HTTP/1") }
            // 100 Continue and its like announce the answer.
            if (100...199).contains(status), status != 101 { continue }
            self.status = status
            guard head.allowsReuse, let length = status == 204 || status == 304 ? 0 : head.contentLength,
                (received.count...max(received.count, Self.maxBodySize)).contains(length)
            else {
                keepsConnection = false
                return
            }
            while received.count < length { received += try connection.receive(deadline) }
            keepsConnection = received.count == length
            return
        }
    }

    /// Takes the next head out of what was received.
    private static func receiveHead(
        _ received: inout [UInt8], _ connection: Connection, _ deadline: Deadline
    ) throws(DeliveryError) -> HTTPHead {
        while true {
            if let end = received.indices.dropLast(3).first(where: { received[$0..<($0 + 4)].elementsEqual("\r\n\r\n".utf8) }) {
                let head = HTTPHead(String(decoding: received[..<end], as: UTF8.self))
                received.removeFirst(end + 4)
                return head
            }
            guard received.count < maxHeadSize else { throw DeliveryError("the answer's head is too long") }
            do throws(DeliveryError) {
                received += try connection.receive(deadline)
            } catch {
                guard error.isClosed, !received.isEmpty else { throw error }
                throw DeliveryError("the connection was closed in the middle of the answer")
            }
        }
    }
}

/// The status line and the headers of an answer.
private struct HTTPHead {
    let status: Int?
    private let isVersion11: Bool
    private let fields: [(name: String, value: String)]

    init(_ text: String) {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = lines.first?.split(separator: " ") ?? []
        let isHTTP = words.count >= 2 && words[0].hasPrefix("HTTP/1.") && words[1].utf8.count == 3
        status = isHTTP ? Int(words[1]) : nil
        isVersion11 = words.first == "HTTP/1.1"
        fields = lines.dropFirst().map { line in
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.utf8.count + 1).drop { $0 == " " || $0 == "\t" }
            return (name.lowercased(), value.lowercased())
        }
    }

    var contentLength: Int? { value("content-length").flatMap { Int($0) } }

    /// What comes in chunks is not read to its end.
    var allowsReuse: Bool {
        isVersion11 && value("transfer-encoding") == nil && value("connection")?.contains("close") != true
    }

    private func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
