// Unsafe pointers: the addresses and buffers of the socket calls are lent.

import Glibc

/// A connection to a server. Its methods block until their deadline.
final class Connection {
    private let descriptor: Int32

    /// Tries the addresses of the host one after the other. Looking these up is the one thing that knows no deadline.
    init(to endpoint: Endpoint, _ deadline: Deadline) throws(DeliveryError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var addresses: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(endpoint.host, "\(endpoint.port)", &hints, &addresses)
        guard status == 0 else {
            throw DeliveryError("\(endpoint.host) is not found: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(addresses) }
        var failure = DeliveryError("\(endpoint.host) has no address")
        var next = addresses
        while let address = next {
            do throws(DeliveryError) {
                descriptor = try Self.connect(to: address.pointee, endpoint, deadline)
                return
            } catch {
                failure = error
            }
            next = address.pointee.ai_next
        }
        throw failure
    }

    deinit { close(descriptor) }

    private static func connect(
        to address: addrinfo, _ endpoint: Endpoint, _ deadline: Deadline
    ) throws(DeliveryError) -> Int32 {
        let descriptor = socket(
            address.ai_family, address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), address.ai_protocol)
        guard descriptor >= 0 else { throw DeliveryError("there is no socket: \(describe(errno))") }
        var code: Int32 = 0
        do throws(DeliveryError) {
            if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
                code = errno
                if code == EINPROGRESS {
                    try deadline.wait(for: Int16(POLLOUT), on: descriptor)
                    var size = socklen_t(MemoryLayout<Int32>.size)
                    if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 { code = errno }
                }
            }
            guard code == 0 else { throw DeliveryError("no connection to \(endpoint.authority): \(describe(code))") }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Whether there is something to read, if only the end.
    var hasSomethingToRead: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) != 0
    }

    func send(_ bytes: [UInt8], _ deadline: Deadline) throws(DeliveryError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if !Self.isToWait(errno) {
                throw Self.failure(errno)
            } else {
                try deadline.wait(for: Int16(POLLOUT), on: descriptor)
            }
        }
    }

    /// Some bytes, at least one.
    func receive(_ deadline: Deadline) throws(DeliveryError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            try deadline.wait(for: Int16(POLLIN), on: descriptor)
            let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { return Array(bytes.prefix(count)) }
            if count == 0 { throw DeliveryError("the connection was closed", isClosed: true) }
            if !Self.isToWait(errno) { throw Self.failure(errno) }
        }
    }

    private static func isToWait(_ code: Int32) -> Bool { code == EAGAIN || code == EINTR }

    private static func failure(_ code: Int32) -> DeliveryError {
        DeliveryError("the connection failed: \(describe(code))", isClosed: code == EPIPE || code == ECONNRESET)
    }

    private static func describe(_ code: Int32) -> String { String(cString: strerror(code)) }
}
