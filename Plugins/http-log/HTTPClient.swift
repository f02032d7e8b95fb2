import KongPDK

/// Posts batches to one endpoint, one after the other, over a connection that is kept. It blocks, on a thread of its own.
actor HTTPClient {
    private nonisolated let thread: BlockingThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private nonisolated let interruption: Interruption
    private let endpoint: Endpoint
    /// Of each request, up to the number in "content-length".
    private let head: String
    private let timeout: Duration
    private let keepalive: Duration
    private var idle: (connection: Connection, since: ContinuousClock.Instant)?

    init(_ config: HTTPLog.Config) throws {
        endpoint = try Endpoint(config.httpEndpoint)
        var lines = [
            "POST \(endpoint.target) HTTP/1.1", "host: \(endpoint.authority)",
            "user-agent: http-log/\(HTTPLog.version) (swift-pluginserver)", "content-type: \(config.contentType)",
        ]
        for (name, value) in config.headers.sorted(by: { $0.key < $1.key }) {
            // Kong holds no secret of a vault against the schema.
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw DeliveryError("the value of the header \(name) has a control character", isTemporary: false)
            }
            lines.append("\(name): \(value)")
        }
        head = lines.joined(separator: "\r\n") + "\r\ncontent-length: "
        timeout = .milliseconds(config.timeout)
        keepalive = .milliseconds(config.keepalive)
        interruption = try Interruption()
        thread = try BlockingThread()
    }

    /// Delivers a body: the server has answered with a status of 2xx.
    func post(_ body: [UInt8]) throws(DeliveryError) {
        let request = Array("\(head)\(body.count)\r\n\r\n".utf8) + body
        let deadline = Deadline(.now + timeout, interruption)
        if let connection = takeIdle() {
            do throws(DeliveryError) {
                return try exchange(request, over: connection, deadline)
            } catch {
                // The server may close what it has waited long enough for, at the moment when it is used.
                guard error.isClosed else { throw error }
            }
        }
        try exchange(request, over: Connection(to: endpoint, deadline), deadline)
    }

    func close() { idle = nil }

    /// Lets what blocks fail at once, now and henceforth.
    nonisolated func interrupt() { interruption.begin() }

    private func takeIdle() -> Connection? {
        defer { idle = nil }
        guard let idle, .now - idle.since < keepalive, !idle.connection.hasSomethingToRead else { return nil }
        return idle.connection
    }

    private func exchange(
        _ request: [UInt8], over connection: Connection, _ deadline: Deadline
    ) throws(DeliveryError) {
        try connection.send(request, deadline)
        let answer = try HTTPAnswer(from: connection, deadline)
        if answer.keepsConnection { idle = (connection, .now) }
        guard !(200...299).contains(answer.status) else { return }
        // The same batch will be refused again, unless it came too early, too often, or to a server in trouble.
        let isTemporary = answer.status >= 500 || [408, 425, 429].contains(answer.status)
        throw DeliveryError("\(endpoint.authority) answered with status \(answer.status)", isTemporary: isTemporary)
    }
}

/// Why a batch was not delivered.
struct DeliveryError: Error, CustomStringConvertible {
    let reason: String
    /// Whether it may be otherwise later.
    let isTemporary: Bool
    /// Whether the connection was closed before any answer came.
    let isClosed: Bool

    init(_ reason: String, isTemporary: Bool = true, isClosed: Bool = false) {
        self.reason = reason
        self.isTemporary = isTemporary
        self.isClosed = isClosed
    }

    var description: String { reason }
}
