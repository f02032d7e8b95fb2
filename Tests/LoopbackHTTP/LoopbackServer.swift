import Foundation
import Synchronization
import TestSupport

/// An HTTP server on a port of 127.0.0.1, whose answers a test decides. Each connection has a thread.
public final class LoopbackServer: Sendable {
    /// What becomes of a request that was read.
    public enum Reply: Sendable {
        /// A status, with a body of a known length; the connection is kept.
        case status(Int)
        /// The same, when the test says so.
        case statusWhenOpened(Gate, Int)
        /// The same, but the connection is closed after it, of which the answer says nothing.
        case statusAndClose(Int)
        /// These bytes; the connection is kept.
        case raw(String)
        /// The connection is closed without an answer.
        case close
        /// Nothing, until the client closes the connection.
        case silence
    }

    public struct Request: Sendable {
        /// Counts the connections, from 1.
        public let connection: Int
        /// "POST /path HTTP/1.1"
        public let line: String
        /// Names in lower case.
        public let headers: [String: String]
        public let body: String
    }

    private struct State {
        var replies: [Reply]
        var requests: [Request] = []
        var connections = 0
        var isOver = false
    }

    public let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    /// - Parameters:
    ///   - replies: for the first requests; all others are answered with status 200.
    ///   - port: 0 for any.
    public init(_ replies: [Reply] = [], port: UInt16 = 0) throws {
        state = Mutex(State(replies: replies))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { [listener] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, address, &size) == 0
            }
        }
        guard isListening else {
            Glibc.close(listener)
            throw ServerError(description: "no loopback server on port \(port): errno \(errno)")
        }
        self.port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    /// Stops listening; connections that are open go on. The server is kept until then.
    public func stop() {
        let wasOver = state.withLock { state in
            defer { state.isOver = true }
            return state.isOver
        }
        // Wakes the thread that accepts, which closes it.
        if !wasOver { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    public func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    public var requests: [Request] { state.withLock { $0.requests } }

    /// Waits until so many requests have come.
    public func requests(_ count: Int, within limit: Duration = .seconds(30)) async throws -> [Request] {
        guard await eventually(within: limit, { requests.count >= count }) else {
            throw ServerError(description: "\(requests.count) requests have come, not \(count)")
        }
        return requests
    }

    // MARK: Threads

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                Glibc.close(listener)
                return
            }
            let number = state.withLock { state in
                state.connections += 1
                return state.connections
            }
            Thread.detachNewThread { [self] in
                serve(descriptor, number)
                Glibc.close(descriptor)
            }
        }
    }

    private func serve(_ descriptor: Int32, _ number: Int) {
        var received: [UInt8] = []
        while let request = Self.read(descriptor, number, &received) {
            let reply = state.withLock { state in
                state.requests.append(request)
                return state.replies.isEmpty ? .status(200) : state.replies.removeFirst()
            }
            switch reply {
            case .status(let status): Self.send(descriptor, Self.answer(status))
            case .statusWhenOpened(let gate, let status):
                gate.wait()
                Self.send(descriptor, Self.answer(status))
            case .statusAndClose(let status):
                Self.send(descriptor, Self.answer(status))
                return
            case .raw(let text): Self.send(descriptor, text)
            case .close: return
            case .silence: while !Self.receive(descriptor).isEmpty {}
            }
        }
    }

    private static func answer(_ status: Int) -> String { "HTTP/1.1 \(status) Whatever\r\nContent-Length: 2\r\n\r\nok" }

    private static func read(_ descriptor: Int32, _ number: Int, _ received: inout [UInt8]) -> Request? {
        while true {
            if let end = received.indices.dropLast(3).first(where: { received[$0..<($0 + 4)].elementsEqual("\r\n\r\n".utf8) }) {
                let lines = String(decoding: received[..<end], as: UTF8.self).components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.components(separatedBy: ": ")
                    headers[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                if received.count >= end + 4 + length {
                    let body = String(decoding: received[(end + 4)..<(end + 4 + length)], as: UTF8.self)
                    received.removeFirst(end + 4 + length)
                    return Request(connection: number, line: lines[0], headers: headers, body: body)
                }
            }
            let more = receive(descriptor)
            if more.isEmpty { return nil }
            received += more
        }
    }

    private static func receive(_ descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EINTR { continue }
            return Array(bytes.prefix(max(0, count)))
        }
    }

    private static func send(_ descriptor: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Holds whoever waits until a test opens it.
public final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    public init() {}

    public func open() { semaphore.signal() }
    func wait() { semaphore.wait() }
}

struct ServerError: Error, CustomStringConvertible {
    let description: String
}
