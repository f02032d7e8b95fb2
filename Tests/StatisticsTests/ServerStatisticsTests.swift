import JSON
import Testing

@testable import Statistics

@Suite struct ServerStatisticsTests {
    private let status = ExampleStatus.status
    private var statistics: ServerStatistics { status.statistics }

    @Test func jsonKeepsEverything() throws {
        #expect(try ServerStatistics(JSONValue(parsing: statistics.json.text)) == statistics)
        #expect(try ServerStatus(JSONValue(parsing: status.json.text)) == status)
        #expect(try ServerStatistics(ServerStatistics().json) == ServerStatistics())
    }

    @Test func twoWorkersAreTheirSum() {
        var sum = statistics
        sum.merge(ServerStatistics())
        #expect(sum == statistics)
        sum.merge(statistics)
        let (one, two) = (statistics.events(of: "goplug"), sum.events(of: "goplug"))
        #expect(two.begun == 2 * one.begun)
        #expect(two.running == 2 * one.running)
        for result in EventResult.allCases { #expect(two[result] == 2 * one[result]) }
        #expect(two.latency.count == 2 * one.latency.count)
        #expect(two.latency.quantile(0.5) == one.latency.quantile(0.5))
        #expect(sum.instances["goplug"]?.running == 6)
        #expect(sum.connections.receivedBytes == 2000)
        #expect(sum.blocking.queued == 4)
        #expect(sum.unfinishedEvents == 8)
    }

    @Test func aWorkerThatIsGoneLeavesItsCounters() {
        var retired = statistics
        retired.retire(unfinishedAs: .crashed)
        let (before, after) = (statistics.events(), retired.events())
        #expect(before.running == 2)
        #expect(after.running == 0)
        #expect(after[.crashed] == before[.crashed] + 2)
        #expect(after[.done] == before[.done])
        #expect(after.begun == before.begun)
        #expect(retired.instances["goplug"]?.running == 0)
        #expect(retired.instances["goplug"]?.starts == 4)
        #expect(retired.connections.open == 0)
        #expect(retired.connections.accepted == 5)
        #expect(retired.blocking == BlockingCounts())
        #expect(retired.unfinishedEvents == 0)
    }

    @Test func aLedgerNeverCountsBackwards() {
        var ledger = WorkerLedger()
        ledger.record(statistics, of: 1)
        // A worker says all that it has done each time, and not what is new.
        ledger.record(statistics, of: 1)
        #expect(ledger.sum == statistics)
        ledger.end(1)
        ledger.end(1)
        var retired = statistics
        retired.retire(unfinishedAs: .crashed)
        #expect(ledger.sum == retired)
        ledger.record(ServerStatistics(), of: 2)
        #expect(ledger.sum == retired)
        ledger.record(statistics, of: 2)
        var both = retired
        both.merge(statistics)
        #expect(ledger.sum == both)
        #expect(ledger.sum.events().begun == 2 * statistics.events().begun)
        #expect(ledger.sum.events().running == statistics.events().running)
    }

    @Test func ofTwoWorkersOneHasTheInstances() {
        var ledger = WorkerLedger()
        ledger.record(statistics, of: 1)
        ledger.replace(1)
        ledger.record(statistics, of: 2)
        #expect(ledger.sum.instances["goplug"]?.running == 3)
        #expect(ledger.sum.instances["goplug"]?.failed == 1)
        #expect(ledger.sum.instances["goplug"]?.starts == 8)
        #expect(ledger.sum.events().running == 2 * statistics.events().running)
        ledger.end(1, unfinishedAs: .cancelled)
        #expect(ledger.sum.events()[.cancelled] == 2 * statistics.events()[.cancelled] + statistics.events().running)
        #expect(ledger.sum.instances["goplug"]?.running == 3)
    }

    @Test func anEventThatCrashesIsCountedOnce() {
        let (access, log) = (ServerStatistics.EventKind(plugin: "goplug", phase: "access"), ServerStatistics.EventKind(plugin: "zoo", phase: "log"))
        // It was known to run.
        var ledger = WorkerLedger()
        ledger.record(statistics, of: 1)
        ledger.end(1, crashedIn: access)
        #expect(ledger.sum.events[access]?[.crashed] == 3)
        #expect(ledger.sum.events[access]?.begun == 9)
        // It was not; the second worker has never been asked.
        for worker in [1, 2] as [Int32] {
            if worker == 1 { ledger.record(statistics, of: worker) }
            let before = ledger.sum.events[log]
            ledger.end(worker, crashedIn: log)
            #expect(ledger.sum.events[log]?[.crashed] == before.map { $0[.crashed] + 1 })
            #expect(ledger.sum.events[log]?.begun == before.map { $0.begun + 1 })
        }
    }

    /// A worker runs plugins: what it says may be anything.
    @Test func whatIsNoneIsRefused() throws {
        let text = status.json.text
        let wrong = [
            ("\"begun\":", "\"begun\":-"), ("\"begun\":", "\"begin\":"), ("\"buckets\":\"", "\"buckets\":\"592:1 "),
            ("\"buckets\":\"", "\"buckets\":\"-1:1 "), ("\"buckets\":\"", "\"buckets\":\"1:-1 "), ("\"buckets\":\"", "\"buckets\":\"1 "),
            ("\"buckets\":\"", "\"buckets\":\"1:18446744073709551616 "), ("\"format\":1", "\"format\":2"),
            ("\"pid\":", "\"pid\":99999999999"), ("\"state\":\"loaded\"", "\"state\":\"lost\""),
            ("\"phase\":\"log\"", "\"phase\":\"access\""), ("\"open\":", "\"open\":\"\",\"opened\":"),
            ("\"events\":3,", "\"events\":-3,"), ("\"process\":\"stopped\"", "\"process\":1"), ("\"unfinished_events\":", "\"unfinished_events\":-"),
            ("\"supervised\":true", "\"supervised\":1"), ("\"workers\":", "\"workers\":{},\"others\":"),
        ]
        #expect(HistogramBuckets.count == 592)
        for (good, bad) in wrong {
            let changed = text.replacing(good, with: bad, maxReplacements: 1)
            #expect(changed != text, "\(good)")
            let json = try JSONValue(parsing: changed)
            #expect(throws: InvalidStatistics.self, "\(bad)") { try ServerStatus(json) }
        }
        for text in ["{}", "[]", "1", "null", #"{"events":[{}],"instances":{}}"#, #"{"events":{},"instances":[]}"#] {
            #expect(throws: InvalidStatistics.self) { try ServerStatistics(JSONValue(parsing: text)) }
            #expect(throws: InvalidStatistics.self) { try ServerStatus(JSONValue(parsing: text)) }
        }
    }

    @Test func numbersThatAreTooLargeForJSONAreTheLargest() throws {
        var statistics = ServerStatistics()
        statistics.connections.sentBytes = .max
        let read = try ServerStatistics(JSONValue(parsing: statistics.json.text))
        #expect(read.connections.sentBytes == UInt64(Int64.max))
    }
}

/// A status that has something of everything.
enum ExampleStatus {
    static var status: ServerStatus {
        var status = ServerStatus(version: "1.2.3", pid: 17, startedAt: 1_700_000_000, uptime: 61, isSupervised: true)
        status.workers = [
            WorkerStatus(name: "", pid: 18, uptime: 60, restarts: 2), WorkerStatus(name: "zoo", pid: 19, uptime: 1, restarts: 0),
        ]
        status.workers[0].retiring = [
            RetiringStatus(pid: 16, events: 3, connections: 1, secondsLeft: 50),
            RetiringStatus(pid: 17, events: 0, connections: 0, secondsLeft: 0, silence: SilenceStatus(seconds: 9, process: "traced")),
        ]
        status.workers[1].silence = SilenceStatus(seconds: 7, process: "stopped")
        var goplug = PluginStatus(name: "goplug", state: .loaded)
        goplug.version = "0.2"
        goplug.path = "/plugins/goplug.so"
        goplug.sha256 = String(repeating: "ab", count: 32)
        goplug.phases = ["access", "log"]
        var zoo = PluginStatus(name: "zoo", state: .quarantined)
        zoo.reason = "5 crashes in 60 s"
        var bad = PluginStatus(name: "bad", state: .refused)
        bad.reason = "not-elf: a \"script\"\\\nof two lines"
        status.plugins = [bad, goplug, zoo]
        status.deadlyStarts = ["a": 1, "b \u{22}": 3]
        status.quarantines = [
            QuarantineStatus(plugin: "zoo", reason: "5 crashes in 60 s", secondsLeft: 42),
            QuarantineStatus(plugin: "old", reason: "its start crashed", secondsLeft: nil),
        ]
        var instances = InstanceCounts()
        instances.running = 3
        instances.failed = 1
        instances.starts = 4
        instances.failedStarts = 2
        instances.stops = 1
        status.statistics.instances = ["goplug": instances, "zoo": InstanceCounts()]
        var latency = LatencyHistogram()
        for value in [900, 1024, 5000, 80_000, 80_000, 1_000_000_000] as [UInt64] { latency.record(value) }
        status.statistics.events = [
            .init(plugin: "goplug", phase: "access"): EventCounts(
                begun: 9, results: [.done: 3, .failed: 1, .refused: 1, .cancelled: 1, .crashed: 1], calls: 12, latency: latency),
            .init(plugin: "goplug", phase: "log"): EventCounts(),
            .init(plugin: "zoo", phase: "log"): EventCounts(
                begun: 1, results: [.timedOut: 1], calls: 0, latency: LatencyHistogram()),
        ]
        status.statistics.connections.open = 2
        status.statistics.connections.accepted = 5
        status.statistics.connections.receivedBytes = 1000
        status.statistics.connections.sentBytes = 2000
        status.statistics.blocking.threads = 4
        status.statistics.blocking.idleThreads = 1
        status.statistics.blocking.queued = 2
        status.statistics.unfinishedEvents = 4
        return status
    }
}
