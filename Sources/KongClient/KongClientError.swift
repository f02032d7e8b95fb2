import Glibc
import WireProtocol

/// What can go wrong between Kong and a plugin server, seen from Kong.
public enum KongClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed.
    case system(call: String, subject: String, code: Int32)
    /// Nothing, or too little, came in the time that there was.
    case timedOut(waitingFor: String)
    /// The server closed the connection.
    case closed(waitingFor: String)
    /// The server answered with an error: MessagePack only, ProtoBuf:1 has no error reply.
    case refused(String)
    /// The server did what Kong takes for a fault: an assertion in Kong's code would have failed.
    case violation(String)
    /// Bytes that cannot be read, or a value that cannot be sent.
    case wire(WireError)
    /// The protocol has no such request.
    case unsupported(String)

    static func system(_ call: String, _ subject: String = "") -> KongClientError {
        .system(call: call, subject: subject, code: errno)
    }

    public var description: String {
        switch self {
        case .system(let call, let subject, let code):
            "\(call)\(subject.isEmpty ? "" : " \(subject)"): \(String(cString: strerror(code)))"
        case .timedOut(let what): "no \(what) within the time limit"
        case .closed(let what): "the server closed the connection in place of \(what)"
        case .refused(let text): "the server answered with an error: \(text)"
        case .violation(let text): "the server breaks the protocol: \(text)"
        case .wire(let error): "\(error)"
        case .unsupported(let what): "this protocol has no \(what)"
        }
    }
}
