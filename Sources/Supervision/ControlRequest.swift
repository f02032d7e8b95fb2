// Unsafe pointers: buffers pass through to the kernel.

import CSupervision
import EventLoop
import Glibc
import PluginLoader

/// The other side of `ControlSocket`: one request to a running server.
public enum ControlRequest {
    /// Waits for the answer.
    public static func ask(_ request: JSONValue, at path: String) throws(ControlRequestError) -> JSONValue {
        let socket = try connect(to: path)
        var rest = Array((request.text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { supervision_send(socket.number, $0.baseAddress, $0.count, -1, 0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ControlRequestError("\(SystemError("send", path))") }
            rest = rest.dropFirst(count)
        }
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = recv(socket.number, &piece, piece.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            answer += piece.prefix(count)
        }
        guard let value = try? JSONValue(parsing: String(decoding: answer, as: UTF8.self)) else {
            throw ControlRequestError("the server closed the connection without an answer")
        }
        return value
    }

    private static func connect(to path: String) throws(ControlRequestError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try UnixListener.connect(to: path)
        } catch {
            throw ControlRequestError(
                "cannot reach the server: \(error)\n  fix: see that it runs, and that -kong-prefix or --control-socket is the same as the server's")
        }
    }
}

/// Why a server could not be asked.
public struct ControlRequestError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
