import EventLoop

/// A listening socket for people and their tools, beside Kong's: clients that are slow, or many, or say anything at all,
/// cost no more than a few descriptors and a little memory. Everything is [loop].
// @unchecked Sendable: used on its loop's thread only; it is named in closures that come back there.
public final class Service: @unchecked Sendable {
    /// What becomes of it, for the log.
    public enum News {
        case listens(ServiceAddress)
        /// It is tried again; said once.
        case cannotListen(ServiceAddress, SystemError)
        case cannotAccept(SystemError)
    }

    let endpoint: any Endpoint
    let loop: EventLoop
    private let address: ServiceAddress
    private let tell: (News) -> Void
    private var listener: Listener?
    private var isStopped = false
    private var hasToldOfFailure = false
    /// The open ones, oldest first.
    private var connections: [ServiceConnection] = []

    private enum Listener {
        case unix(UnixListener)
        case tcp(TCPListener)
    }

    static let connectionLimit = 16
    /// A client may take so long to ask, and so long to take an answer that was not there at once.
    static let connectionTimeout: Duration = .seconds(5)
    private static let retryInterval: Duration = .seconds(1)

    public init(_ endpoint: any Endpoint, at address: ServiceAddress, on loop: EventLoop, tell: @escaping (News) -> Void) {
        self.endpoint = endpoint
        self.address = address
        self.loop = loop
        self.tell = tell
    }

    /// Listens, now or as soon as it can be done: whoever has the address may be about to go.
    public func start() {
        guard !isStopped else { return }
        do throws(SystemError) {
            try listen()
        } catch {
            if !hasToldOfFailure { tell(.cannotListen(address, error)) }
            hasToldOfFailure = true
            loop.schedule(after: Self.retryInterval) { [weak self] in self?.start() }
        }
    }

    private func listen() throws(SystemError) {
        switch address {
        case .unix(let path):
            let listener = try UnixListener(
                path: path, mode: 0o600, onAccept: { [weak self] in self?.open($0) },
                onTrouble: { [tell] in tell(.cannotAccept($0)) })
            try listener.start(on: loop)
            self.listener = .unix(listener)
            tell(.listens(address))
        case .tcp(let tcp):
            let listener = try TCPListener(
                tcp, onAccept: { [weak self] in self?.open($0) }, onTrouble: { [tell] in tell(.cannotAccept($0)) })
            try listener.start(on: loop)
            self.listener = .tcp(listener)
            tell(.listens(.tcp(listener.address)))
        }
    }

    /// Closes everything.
    public func stop() {
        isStopped = true
        switch listener {
        case .unix(let listener)?: listener.stop()
        case .tcp(let listener)?: listener.stop()
        case nil: break
        }
        listener = nil
        for connection in connections { connection.close() }
    }

    /// Who has been there longest makes room.
    private func open(_ socket: consuming OwnedDescriptor) {
        if connections.count >= Self.connectionLimit { connections[0].close() }
        let connection = ServiceConnection(socket, self)
        // It fails if the kernel has no memory: the client sees a closed connection.
        guard (try? connection.open()) != nil else { return }
        connections.append(connection)
    }

    func closed(_ connection: ServiceConnection) {
        connections.removeAll { $0 === connection }
    }
}
