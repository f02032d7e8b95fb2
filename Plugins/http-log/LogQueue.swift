import KongPDK

/// Records on their way to the server: no more than so many, so many bytes, and in order.
///
/// Somebody delivers them as long as there are any; then nothing runs. A batch stays in the queue until it is delivered or
/// given up, and what comes while the queue is full is dropped.
actor LogQueue {
    private struct Record {
        let json: String
        let arrival: ContinuousClock.Instant
    }

    private let limits: HTTPLog.Queue
    private let client: HTTPClient
    private var records: [Record] = []
    private var byteCount = 0
    private var losses = Losses()
    private var delivery: Task<Void, Never>?
    private var pause: (task: Task<Void, Never>, endsWhenFull: Bool)?
    private var isClosing = false
    private var hasGivenUp = false

    init(_ limits: HTTPLog.Queue, _ client: HTTPClient) {
        self.limits = limits
        self.client = client
    }

    /// Takes a record. Returns what somebody should be told, at times.
    func append(_ json: String) -> String? {
        let size = json.utf8.count
        guard records.count < limits.maxEntries, size <= limits.maxBytes - byteCount else {
            losses.dropped += 1
            return losses.report()
        }
        records.append(Record(json: json, arrival: .now))
        byteCount += size
        if delivery == nil { delivery = Task { await deliver() } }
        if let pause, pause.endsWhenFull, isBatchReady { pause.task.cancel() }
        return losses.report()
    }

    /// Delivers what is there, if it does not take too long. Returns what is lost and was not told yet.
    func close() async -> String? {
        isClosing = true
        pause?.task.cancel()
        let bound = Task {
            try await Task.sleep(for: .seconds(limits.shutdownTimeout))
            giveUp()
        }
        await delivery?.value
        bound.cancel()
        await client.close()
        losses.add(records.count, "there was no time left")
        return losses.report(anyTime: true)
    }

    private func giveUp() {
        hasGivenUp = true
        pause?.task.cancel()
        client.interrupt()
    }

    // MARK: Delivery

    private var isBatchReady: Bool { records.count >= limits.maxBatchSize || isClosing }

    private func deliver() async {
        while let first = records.first, !hasGivenUp {
            if !isBatchReady {
                await pause(until: first.arrival + .seconds(limits.maxCoalescingDelay), endsWhenFull: true)
            }
            let batch = records.prefix(limits.maxBatchSize)
            let failure = await send(Self.body(of: batch.map(\.json), isArray: limits.maxBatchSize > 1))
            if hasGivenUp, failure != nil { break }
            if let failure { losses.add(batch.count, failure) }
            for record in batch { byteCount -= record.json.utf8.count }
            records.removeFirst(batch.count)
        }
        delivery = nil
    }

    /// Returns why a batch was given up.
    private func send(_ body: [UInt8]) async -> String? {
        let end = ContinuousClock.now + .seconds(limits.maxRetryTime)
        var delay = Duration.seconds(limits.initialRetryDelay)
        while true {
            do throws(DeliveryError) {
                try await client.post(body)
                return nil
            } catch {
                let next = ContinuousClock.now + delay
                guard error.isTemporary, next <= end, !hasGivenUp else { return error.reason }
                await pause(until: next, endsWhenFull: false)
                delay = min(delay * 2, .seconds(limits.maxRetryDelay))
            }
        }
    }

    private func pause(until end: ContinuousClock.Instant, endsWhenFull: Bool) async {
        let task = Task { _ = try? await Task.sleep(until: end, clock: .continuous) }
        pause = (task, endsWhenFull)
        await task.value
        pause = nil
    }

    private static func body(of records: [String], isArray: Bool) -> [UInt8] {
        guard isArray else { return records.first.map { Array($0.utf8) } ?? [] }
        var body: [UInt8] = []
        body.reserveCapacity(records.reduce(2) { $0 + $1.utf8.count + 1 })
        for record in records {
            body.append(UInt8(ascii: body.isEmpty ? "[" : ","))
            body += record.utf8
        }
        body.append(UInt8(ascii: "]"))
        return body
    }
}
