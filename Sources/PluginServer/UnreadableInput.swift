// Unsafe pointers: a connection's input is lent to be looked at.

import PluginLoader
import WireProtocol

/// What a client has sent that ends its connection, for the log.
struct UnreadableInput: CustomStringConvertible {
    let description: String

    /// - Parameters:
    ///   - bytes: from the message on that cannot be read.
    ///   - limit: what a message may have.
    init(_ bytes: UnsafeRawBufferPointer, as kind: WireProtocolKind?, _ error: any Error, limit: Int) {
        guard let kind, error as? WireError == .tooLarge else {
            description = "that sent what cannot be read\(kind.map { " as \($0.kongName)" } ?? ""): \(error)"
            return
        }
        let allowed = "--max-message-size is \(limit)"
        guard kind == .protoBuf, bytes.count >= 4 else {
            description = "whose message is too large: \(allowed)"
            return
        }
        let length = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        description =
            "that speaks neither MessagePack-RPC nor ProtoBuf:1, or has a message of \(length) bytes, where \(allowed): it sent \(Self.text(bytes))"
    }

    /// Text if it is some; else no more than what should be a length: the rest may be what somebody wants to keep to himself.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        let isText = bytes.prefix(4).allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x0a || $0 == 0x0d }
        guard isText else {
            return "0x" + bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return "\"\(String(decoding: bytes.prefix(32), as: UTF8.self).printable)\""
    }
}
