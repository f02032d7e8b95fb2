// Unsafe pointers: a socket address is filled in byte by byte, and buffers are lent to the kernel.

import Glibc
import WireProtocol

/// A blocking connection to a unix socket: bytes as they are, so that a client can also send what it should not.
///
/// Every method that waits has the whole of `timeout` for what it waits for.
// @unchecked Sendable: one thread at a time uses it; `ConnectionPool` hands it on behind a lock.
public final class RawConnection: @unchecked Sendable {
    private let descriptor: Int32
    private let timeout: Duration
    private var isOpen = true
    /// What has come and nobody has asked for yet.
    private var received = ByteQueue()

    private static let readSize = 64 * 1024

    /// Connects to the socket at `path`. Kong does not wait for one that is not there.
    public init(path: String, timeout: Duration = .seconds(10)) throws(KongClientError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.timeout = timeout
        guard descriptor >= 0 else { throw .system("socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            throw .system("connect", path)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw .system("connect", path) }
    }

    deinit { close() }

    public func close() {
        guard isOpen else { return }
        isOpen = false
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Says that nothing more will be sent; answers can still be received.
    public func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: Sending

    public func send(_ bytes: [UInt8]) throws(KongClientError) {
        let deadline = ContinuousClock.now + timeout
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                // A server that has closed the connection is an error here, and not the end of this process.
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, until: deadline, "room to send")
            } else if errno == EPIPE || errno == ECONNRESET {
                throw .closed(waitingFor: "what it was to be sent")
            } else if errno != EINTR {
                throw .system("send")
            }
        }
    }

    // MARK: Receiving

    /// As many bytes as that.
    public func receive(exactly count: Int, _ what: String = "answer") throws(KongClientError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        while received.count < count {
            guard try fill(until: deadline, what) else { throw .closed(waitingFor: what) }
        }
        return take(count)
    }

    /// A frame of ProtoBuf:1: its payload.
    public func receiveFrame(_ what: String = "frame") throws(KongClientError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        while true {
            if received.count >= 4 {
                let length = Int(UInt32(littleEndian: received.bytes.loadUnaligned(as: UInt32.self)))
                if received.count - 4 >= length {
                    received.consume(4)
                    return take(length)
                }
            }
            guard try fill(until: deadline, what) else { throw .closed(waitingFor: what) }
        }
    }

    /// A whole MessagePack object, as bytes.
    public func receiveMessagePack(_ what: String = "response") throws(KongClientError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var scanner = MessagePackScanner(limit: .max)
        while true {
            do throws(WireError) {
                if let size = try scanner.scan(received.bytes) { return take(size) }
            } catch {
                throw .wire(error)
            }
            guard try fill(until: deadline, what) else { throw .closed(waitingFor: what) }
        }
    }

    /// Everything until the server closes the connection.
    public func receiveUntilClosed() throws(KongClientError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        while try fill(until: deadline, "end of the connection") {}
        return take(received.count)
    }

    /// Whether something has come that nobody has asked for yet.
    var hasReceived: Bool { !received.isEmpty }

    /// Whether the connection is open and nothing has come that nobody asked for: nginx keeps no other one in its pool.
    public var isQuiet: Bool {
        guard isOpen, received.isEmpty else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count < 0 && (errno == EAGAIN || errno == EINTR)
    }

    /// Whether the server has closed the connection, and has sent nothing more.
    var isClosedByPeer: Bool {
        guard isOpen, received.isEmpty else { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    private func take(_ count: Int) -> [UInt8] {
        let bytes = Array(received.bytes.prefix(count))
        received.consume(count)
        return bytes
    }

    /// Receives what there is, or waits for it. False: the server has closed the connection.
    private func fill(until deadline: ContinuousClock.Instant, _ what: String) throws(KongClientError) -> Bool {
        while true {
            let room = received.room(minimum: Self.readSize)
            let count = recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                received.commit(count)
                return true
            }
            if count == 0 || errno == ECONNRESET { return false }
            if errno == EAGAIN {
                try wait(for: POLLIN, until: deadline, what)
            } else if errno != EINTR {
                throw .system("recv")
            }
        }
    }

    private func wait(
        for events: Int32, until deadline: ContinuousClock.Instant, _ what: String
    ) throws(KongClientError) {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw .timedOut(waitingFor: what) }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let result = poll(&entry, 1, Int32(clamping: left.milliseconds + 1))
            if result > 0 { return }
            if result < 0, errno != EINTR { throw .system("poll") }
        }
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
