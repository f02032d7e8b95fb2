// Unsafe pointers: buffers pass through to the kernel.

import CSupervision
import EventLoop
import Glibc
import PluginLoader

/// A message, with the descriptor that has come with it.
// A class, for arrays hold nothing that cannot be copied.
public final class ReceivedMessage {
    public let message: ControlMessage
    private var descriptor: Int32

    init(_ message: ControlMessage, _ descriptor: Int32) {
        self.message = message
        self.descriptor = descriptor
    }

    /// The descriptor, which is the caller's from now on; nil: there is none.
    public func takeDescriptor() -> OwnedDescriptor? {
        guard descriptor >= 0 else { return nil }
        defer { descriptor = -1 }
        return OwnedDescriptor(owning: descriptor)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}

/// What has come from the other side: bytes that become messages. A frame is its length (4 bytes, little-endian), whether
/// a descriptor belongs to it (1 byte), and JSON.
struct ControlFrames {
    private var bytes: [UInt8] = []
    private var descriptors: [Int32] = []

    static let headerSize = 5
    private static let readSize = 64 * 1024
    private static let descriptorsPerRead: Int32 = 16
    /// Neither side is hostile, but a worker may have gone mad.
    private static let sizeLimit = 256 * 1024 * 1024

    enum Outcome {
        case moved
        case wouldBlock
        /// The other side has ended, or sent what is no message.
        case closed
    }

    /// A message as it travels.
    static func frame(_ message: ControlMessage, withDescriptor: Bool) -> [UInt8] {
        let json = Array(message.json.text.utf8)
        let length = UInt32(clamping: json.count)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [withDescriptor ? 1 : 0] + json
    }

    /// Reads what is there.
    /// - Parameter flags: `MSG_DONTWAIT`, or 0 to wait.
    mutating func receive(from socket: Int32, flags: Int32) -> Outcome {
        var piece = [UInt8](repeating: 0, count: Self.readSize)
        var found = [Int32](repeating: -1, count: Int(Self.descriptorsPerRead))
        var foundCount: Int32 = 0
        var count = 0
        repeat {
            count = supervision_receive(socket, &piece, piece.count, &found, Self.descriptorsPerRead, &foundCount, flags)
        } while count < 0 && errno == EINTR
        guard count != 0 else { return .closed }
        guard count > 0 else { return errno == EAGAIN ? .wouldBlock : .closed }
        bytes += piece.prefix(count)
        descriptors += found.prefix(Int(foundCount))
        return .moved
    }

    /// The next message that is whole. Nil: there is none.
    mutating func next() throws(MalformedControl) -> ReceivedMessage? {
        guard bytes.count >= Self.headerSize else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << ($1 * 8) }
        guard length <= Self.sizeLimit, bytes[4] <= 1 else { throw MalformedControl() }
        guard bytes.count >= Self.headerSize + length else { return nil }
        let text = String(decoding: bytes[Self.headerSize..<(Self.headerSize + length)], as: UTF8.self)
        var descriptor: Int32 = -1
        if bytes[4] == 1 {
            guard !descriptors.isEmpty else { throw MalformedControl() }
            descriptor = descriptors.removeFirst()
        }
        bytes.removeFirst(Self.headerSize + length)
        guard let json = try? JSONValue(parsing: text), let message = ControlMessage(json) else {
            if descriptor >= 0 { close(descriptor) }
            throw MalformedControl()
        }
        return ReceivedMessage(message, descriptor)
    }

    /// Closes what has come and belongs to no message.
    mutating func discard() {
        for descriptor in descriptors { close(descriptor) }
        descriptors = []
        bytes = []
    }
}

/// Bytes that are no control message.
struct MalformedControl: Error {}
