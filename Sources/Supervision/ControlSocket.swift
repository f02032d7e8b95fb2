import CSupervision
import EventLoop
import Glibc
import Logging
import PluginLoader

/// Where people ask a running server, and tell it what to do: a unix socket that only the server's user may use.
///
/// A request is one line of JSON, `{"command": "status"}`, and so is its answer. Everything is [loop].
final class ControlSocket {
    private let listener: UnixListener

    typealias Handler = (_ request: JSONValue, _ reply: @escaping (JSONValue) -> Void) -> Void

    init(path: String, on loop: EventLoop, logger: Logger, _ handler: @escaping Handler) throws(SystemError) {
        // Never, for no moment, there for others.
        let before = umask(0o177)
        defer { umask(before) }
        listener = try UnixListener(
            path: path,
            onAccept: { socket in
                let user = supervision_peer_user(socket.number)
                guard user == 0 || user == Int64(geteuid()) else { return }
                do throws(SystemError) {
                    try ControlClient(socket, on: loop, handler).open()
                } catch {
                    logger.warning("cannot take a request: \(error)")
                }
            },
            onTrouble: { logger.warning("cannot take requests for the moment: \($0)") })
        try listener.start(on: loop)
    }

    func stop() { listener.stop() }
}

/// One who asks.
private final class ControlClient: EventSource {
    private let loop: EventLoop
    private let socket: StreamSocket
    private let handler: ControlSocket.Handler
    private var registration: Registration?
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var hasAsked = false

    private static let requestLimit = 64 * 1024

    init(_ socket: consuming OwnedDescriptor, on loop: EventLoop, _ handler: @escaping ControlSocket.Handler) {
        self.loop = loop
        self.socket = StreamSocket(owning: socket)
        self.handler = handler
    }

    func open() throws(SystemError) {
        registration = try loop.add(self, descriptor: socket.number, for: .readable)
    }

    private func close() {
        if let registration { loop.remove(registration) }
        registration = nil
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { return flush() }
        var piece = [UInt8](repeating: 0, count: 4096)
        switch piece.withUnsafeMutableBytes({ socket.read(into: $0) }) {
        case .moved(let count): input += piece.prefix(count)
        case .wouldBlock: return
        case .closed: return close()
        }
        guard input.count <= Self.requestLimit else { return close() }
        guard !hasAsked, let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return }
        hasAsked = true
        guard let request = try? JSONValue(parsing: String(decoding: input[..<end], as: UTF8.self)) else { return close() }
        handler(request) { [weak self] answer in
            guard let self, registration != nil else { return }
            output = Array((answer.text + "\n").utf8)
            flush()
        }
    }

    /// Sends the answer, and closes.
    private func flush() {
        guard let registration else { return }
        while !output.isEmpty {
            switch output.withUnsafeBytes({ socket.write($0) }) {
            case .moved(let count): output.removeFirst(count)
            case .wouldBlock: return loop.modify(registration, to: .writable)
            case .closed: return close()
            }
        }
        close()
    }
}
