// Unsafe pointers: socket addresses pass through to the kernel.

import Glibc

/// An address of TCP in numbers: names would have to be looked up, which may take any time.
public struct TCPAddress: Hashable, Sendable, CustomStringConvertible {
    /// IPv4, or IPv6 without its brackets.
    public let host: String
    public let port: UInt16

    /// - Parameter text: as `127.0.0.1:9542` or `[::1]:9542`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        self.init(host: String(host), port: port)
        guard family != AF_UNSPEC, (family == AF_INET6) == isBracketed else { return nil }
    }

    private init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var description: String { family == AF_INET6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// AF_UNSPEC if the host is not a number.
    fileprivate var family: Int32 {
        var bytes = in6_addr()
        if inet_pton(AF_INET, host, &bytes) == 1 { return AF_INET }
        if inet_pton(AF_INET6, host, &bytes) == 1 { return AF_INET6 }
        return AF_UNSPEC
    }

    /// Lends it as the kernel has it.
    fileprivate func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        func lend<Address>(_ address: Address) -> Result {
            withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
            }
        }
        if family == AF_INET6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return lend(address)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return lend(address)
    }

    fileprivate func with(port: UInt16) -> TCPAddress { TCPAddress(host: host, port: port) }
}

/// A listening TCP socket.
public final class TCPListener {
    /// With the port that it has, if it was to have any.
    public let address: TCPAddress
    private let descriptor: OwnedDescriptor
    private let acceptor: Acceptor

    private static let backlog: Int32 = 64

    /// Binds and listens; connections are accepted from `start` on.
    /// - Parameters: as `UnixListener`'s; port 0 means any.
    public init(
        _ address: TCPAddress, onAccept: @escaping (consuming OwnedDescriptor) -> Void,
        onTrouble: @escaping (SystemError) -> Void
    ) throws(SystemError) {
        let number = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError("socket", "\(address)") }
        descriptor = OwnedDescriptor(owning: number)
        acceptor = Acceptor(number, onAccept: onAccept, onTrouble: onTrouble)
        // Connections of a server that has just ended do not keep the address.
        var one: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let bound = address.withAddress { bind(number, $0, $1) }
        guard bound == 0 else {
            self.address = address
            throw SystemError("bind", "\(address)")
        }
        self.address = address.with(port: Self.port(of: number) ?? address.port)
        guard listen(number, Self.backlog) == 0 else { throw SystemError("listen", "\(address)") }
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        // The port is at the same place for both families.
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return result == 0 ? UInt16(bigEndian: address.sin6_port) : nil
    }

    /// Accepts connections on `loop`. [loop]
    public func start(on loop: EventLoop) throws(SystemError) { try acceptor.start(on: loop) }

    /// Accepts no more. [loop]
    public func stop() { acceptor.stop() }
}
