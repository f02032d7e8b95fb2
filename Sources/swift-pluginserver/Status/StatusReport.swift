import PluginLoader
import Statistics

/// A status for people: what runs, then tables of plugins and of their events.
struct StatusReport {
    let text: String

    init(_ status: ServerStatus, _ style: Style) {
        var text = Self.processes(status, style)
        text += "\n" + Self.plugins(status, style)
        let events = Self.events(status, style)
        if !events.isEmpty { text += "\n" + events }
        // Of those below there is more to say.
        let quarantined = Set(status.quarantines.map(\.plugin))
        for plugin in status.plugins where !plugin.reason.isEmpty && !quarantined.contains(plugin.name) {
            text += "\n\(style.bad(plugin.state.rawValue)) \(plugin.name.printable): \(plugin.reason.printable)\n"
        }
        for plugin in status.plugins { text += Self.difference(plugin, style) }
        for worker in status.workers {
            guard let reload = worker.lastReload, !reload.isTaken else { continue }
            let ago = Self.duration(max(0, status.startedAt + status.uptime - reload.at))
            text += "\n\(style.bad("not reloaded")) \(ago) ago: \(reload.summary.printable)\n"
        }
        for quarantine in status.quarantines {
            let until = quarantine.secondsLeft.map { "tried again in \(Self.duration($0))" } ?? "until its file changes, or it is released"
            text += "\n\(style.bad("quarantined")) \(quarantine.plugin.printable): \(quarantine.reason.printable); \(until)\n"
        }
        for (plugin, count) in status.deadlyStarts.sorted(by: { $0.key < $1.key }) {
            let configurations = count == 1 ? "a configuration is" : "\(count) configurations are"
            let fix = "until its file changes, or it is released: swift-pluginserver release \(plugin.printable)"
            text += "\n\(style.bad("not started")) \(plugin.printable): \(configurations) not started again, since the start has ended a worker; \(fix)\n"
        }
        self.text = text
    }

    // MARK: Processes

    private static func processes(_ status: ServerStatus, _ style: Style) -> String {
        let (connections, blocking) = (status.statistics.connections, status.statistics.blocking)
        var text = "\(style.heading("swift-pluginserver \(status.version)")), pid \(status.pid), up \(duration(status.uptime))"
        text += status.isSupervised ? ", supervised\n" : "\n"
        for worker in status.workers where status.isSupervised {
            let restarts = "\(worker.restarts) restart\(worker.restarts == 1 ? "" : "s")"
            let name = worker.name.isEmpty ? "" : " \(worker.name.printable)"
            text += "  worker\(name), pid \(worker.pid), up \(duration(worker.uptime)), \(worker.restarts == 0 ? restarts : style.warning(restarts))"
            text += silence(worker.silence, style) + "\n"
            for process in worker.retiring {
                text += "    before it pid \(process.pid), which waits for \(waited(for: process)), \(duration(process.secondsLeft)) at most"
                text += silence(process.silence, style) + "\n"
            }
        }
        text += "  \(connections.open) connections of \(connections.accepted), \(bytes(connections.receivedBytes)) in, \(bytes(connections.sentBytes)) out"
        if blocking.threads > 0 {
            text += "; \(blocking.threads) blocking threads, \(blocking.idleThreads) idle, \(blocking.queued) waiting for one"
        }
        return text + "\n"
    }

    private static func silence(_ silence: SilenceStatus?, _ style: Style) -> String {
        guard let silence else { return "" }
        return ", \(style.bad("has not answered for \(silence.seconds) s (\(silence.process.printable))"))"
    }

    private static func waited(for process: RetiringStatus) -> String {
        func count(_ number: UInt64, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        return "\(count(process.events, "event")) and \(count(process.connections, "connection"))"
    }

    // MARK: Plugins

    private static func plugins(_ status: ServerStatus, _ style: Style) -> String {
        let rows = status.plugins.map { plugin -> [String] in
            let counts = status.statistics.instances[plugin.name] ?? InstanceCounts()
            return [
                plugin.state.rawValue, plugin.name.printable, plugin.version.isEmpty ? "-" : plugin.version.printable,
                "\(counts.running)", "\(counts.failed)", "\(counts.starts)", "\(counts.stops)",
                plugin.sha256.isEmpty ? "-" : String(plugin.sha256.prefix(12)).printable,
                plugin.path.printable + (plugin.place.flatMap { $0 == .same ? nil : " (\($0.rawValue))" } ?? ""),
            ]
        }
        let heading = ["STATE", "PLUGIN", "VERSION", "INSTANCES", "FAILED", "STARTED", "STOPPED", "SHA-256", "FILE"]
        return table(heading, rows, style) { cell, column, row in
            switch column {
            case 0: status.plugins[row].state == .loaded ? style.good(cell) : style.bad(cell)
            case 4 where rows[row][4] != "0": style.bad(cell)
            default: cell
            }
        }
    }

    /// Where what runs is not what is in the directory.
    private static func difference(_ plugin: PluginStatus, _ style: Style) -> String {
        let what: String? =
            switch plugin.place {
            case _ where !plugin.refusal.isEmpty: "its file is refused, \(plugin.refusal.printable); it runs on as it was"
            case .changed?: "its file has changed since; it is taken with: swift-pluginserver reload \(plugin.name.printable)"
            case .missing?: "its file is gone; it is unloaded with: swift-pluginserver reload \(plugin.name.printable)"
            case .same?, nil: nil
            }
        return what.map { "\n\(style.warning("differs")) \(plugin.name.printable): \($0)\n" } ?? ""
    }

    // MARK: Events

    private static func events(_ status: ServerStatus, _ style: Style) -> String {
        let kinds = status.statistics.events.filter { $0.value.begun > 0 }.sorted { $0.key < $1.key }
        if kinds.isEmpty { return "" }
        let results: [EventResult] = [.failed, .refused, .cancelled, .timedOut, .crashed]
        let rows = kinds.map { kind, counts -> [String] in
            [kind.plugin.printable, kind.phase.printable, "\(counts.running)", "\(counts[.done])"]
                + results.map { "\(counts[$0])" }
                + LatencyHistogram.namedQuantiles.map { counts.latency.quantile($0.1).map(latency) ?? "-" } + ["\(counts.calls)"]
        }
        let heading =
            ["PLUGIN", "PHASE", "RUNNING", "DONE", "FAILED", "REFUSED", "CANCELLED", "TIMED OUT", "CRASHED", "P50", "P99", "P99.9", "PDK CALLS"]
        return table(heading, rows, style) { cell, column, row in
            (4..<9).contains(column) && rows[row][column] != "0" ? style.bad(cell) : cell
        }
    }

    // MARK: Texts

    private static func table(
        _ heading: [String], _ rows: [[String]], _ style: Style, _ colour: (_ cell: String, _ column: Int, _ row: Int) -> String
    ) -> String {
        let widths = heading.indices.map { column in ([heading] + rows).map { $0[column].count }.max() ?? 0 }
        // The last one needs no spaces after it.
        func padded(_ row: [String]) -> [String] {
            row.indices.map { $0 == row.count - 1 ? row[$0] : row[$0].padded(to: widths[$0]) }
        }
        var text = padded(heading).map(style.heading).joined(separator: "  ") + "\n"
        for (number, row) in rows.enumerated() {
            text += padded(row).enumerated().map { colour($0.element, $0.offset, number) }.joined(separator: "  ") + "\n"
        }
        return text
    }

    static func duration(_ seconds: Int64) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(seconds % 60) s" : "\(seconds) s"
    }

    static func latency(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<1_000_000: "\(rounded(Double(nanoseconds) / 1e3)) µs"
        case ..<1_000_000_000: "\(rounded(Double(nanoseconds) / 1e6)) ms"
        default: "\(rounded(Double(nanoseconds) / 1e9)) s"
        }
    }

    static func bytes(_ count: UInt64) -> String {
        switch count {
        case ..<1024: "\(count) bytes"
        case ..<(1 << 20): "\(rounded(Double(count) / 1024)) KiB"
        case ..<(1 << 30): "\(rounded(Double(count) / Double(1 << 20))) MiB"
        default: "\(rounded(Double(count) / Double(1 << 30))) GiB"
        }
    }

    /// With one digit after the point, as long as that says something.
    private static func rounded(_ value: Double) -> String {
        value < 100 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }
}
