import Synchronization

/// Connections that are kept alive between calls, as nginx keeps those of a worker process.
final class ConnectionPool: Sendable {
    private let path: String
    private let timeout: Duration
    private let choice: ConnectionChoice
    private let serverMayEnd: Bool
    private let idle = Mutex<[RawConnection]>([])

    init(path: String, timeout: Duration, choice: ConnectionChoice, serverMayEnd: Bool) {
        self.path = path
        self.timeout = timeout
        self.choice = choice
        self.serverMayEnd = serverMayEnd
    }

    /// A connection from the pool, or a new one. Those that the server has closed meanwhile are dropped, as in nginx.
    func take() throws(KongClientError) -> RawConnection {
        while let connection = idle.withLock({ $0.isEmpty ? nil : choice == .newest ? $0.removeLast() : $0.removeFirst() }) {
            if connection.isQuiet { return connection }
            connection.close()
        }
        return try RawConnection(path: path, timeout: timeout)
    }

    /// Keeps a connection for the next call.
    func keep(_ connection: RawConnection, mayBeClosed: Bool = false) throws(KongClientError) {
        guard connection.isQuiet else {
            let isClosed = connection.isClosedByPeer
            connection.close()
            if mayBeClosed || serverMayEnd, isClosed { return }
            throw .violation("it sent more than was asked for, or closed the connection after its answer")
        }
        idle.withLock { $0.append(connection) }
    }

    /// Connects until so many connections are in the pool.
    func fill(to count: Int) throws(KongClientError) {
        while idle.withLock({ $0.count }) < count {
            let connection = try RawConnection(path: path, timeout: timeout)
            idle.withLock { $0.append(connection) }
        }
    }

    func closeAll() {
        for connection in idle.withLock({ connections in
            defer { connections = [] }
            return connections
        }) {
            connection.close()
        }
    }
}

/// Which of the idle connections a call takes.
public enum ConnectionChoice: Sendable {
    /// The one that was used last, as nginx does. With one call at a time it is always the same.
    case newest
    /// The one that was used first: with several in the pool each call, and each step of an event over MessagePack,
    /// takes another one.
    case oldest
}
