import KongPDK

/// Sends the record of each request to an HTTP server, in batches.
struct HTTPLog: Plugin, LogPhase {
    static let version = "1.0.0"
    static let priority = 12

    private let queue: LogQueue

    init(config: Config) throws { queue = LogQueue(config.queue, try HTTPClient(config)) }

    func log(_ kong: Kong) async throws {
        // As text: one client's bytes that are not UTF-8 would spoil a whole batch.
        let record = try await kong.log.serialize()
        if let report = await queue.append(record) { try kong.log.err(report) }
    }

    func shutdown() async {
        if let report = await queue.close() { ServerLog.error(report) }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { HTTPLog.open($0, $1) }
