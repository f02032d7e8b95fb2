import EventLoop

/// Where a service listens.
public enum ServiceAddress: Hashable, Sendable, CustomStringConvertible {
    case unix(path: String)
    case tcp(TCPAddress)

    /// - Parameter text: as `unix:/run/metrics.sock`, `127.0.0.1:9542` or `[::1]:9542`.
    public init?(_ text: String) {
        let prefix = "unix:"
        if text.hasPrefix(prefix), text.count > prefix.count {
            self = .unix(path: String(text.dropFirst(prefix.count)))
        } else if let address = TCPAddress(text) {
            self = .tcp(address)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let address): "\(address)"
        }
    }
}
