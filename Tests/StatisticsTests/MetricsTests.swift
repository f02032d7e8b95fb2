import Foundation
import JSON
import TestSupport
import Testing

@testable import Statistics

@Suite struct MetricsTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    private static func docs(_ name: String) -> String { repository.appendingPathComponent("docs/\(name)").path }

    @Test func theTextIsPrometheus() throws {
        let exposition = try Exposition(PrometheusText(ExampleStatus.status).text)
        #expect(Set(exposition.families.keys) == Set(Metric.all.map(\.name)))
        for metric in Metric.all {
            let family = try #require(exposition.families[metric.name])
            #expect(family.type == metric.kind.rawValue)
            #expect(family.help == metric.help)
            #expect(!family.samples.isEmpty, "\(metric.name)")
            for sample in family.samples.keys { #expect(Set(sample.labels.keys).subtracting(["le"]) == Set(metric.labels)) }
        }
    }

    @Test func theFiguresAreThoseOfTheStatus() throws {
        let exposition = try Exposition(PrometheusText(ExampleStatus.status).text)
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? { exposition["swift_pluginserver_\(name)", labels] }
        let access = ["plugin": "goplug", "phase": "access"]
        #expect(value("events_total", access.merging(["result": "done"]) { $1 }) == 3)
        #expect(value("events_total", ["plugin": "zoo", "phase": "log", "result": "timed_out"]) == 1)
        #expect(value("events_total", ["plugin": "goplug", "phase": "log", "result": "done"]) == 0)
        #expect(value("events_running", access) == 2)
        #expect(value("pdk_calls_total", access) == 12)
        func bucket(_ bound: String) -> Double? { value("event_duration_seconds_bucket", access.merging(["le": bound]) { $1 }) }
        #expect(bucket("1.024e-06") == 2)
        #expect(bucket("8.192e-06") == 3)
        #expect(bucket("0.000131072") == 5)
        #expect(bucket("+Inf") == 6)
        #expect(value("event_duration_seconds_count", access) == 6)
        #expect(value("event_duration_seconds_sum", access) == 1.000166924)
        #expect(value("instances", ["plugin": "goplug", "state": "running"]) == 3)
        #expect(value("instance_starts_total", ["plugin": "goplug", "result": "failed"]) == 2)
        #expect(value("connections") == 2)
        #expect(value("received_bytes_total") == 1000)
        #expect(value("blocking_threads", ["state": "busy"]) == 3)
        #expect(value("worker_restarts_total", ["worker": ""]) == 2)
        #expect(value("worker_silent_seconds", ["worker": ""]) == 0)
        #expect(value("worker_silent_seconds", ["worker": "zoo"]) == 7)
        #expect(value("plugin_quarantined", ["plugin": "zoo"]) == 1)
        #expect(value("plugin_quarantined", ["plugin": "goplug"]) == 0)
        #expect(value("start_time_seconds") == 1_700_000_000)
    }

    @Test func textsOfPluginsCannotForgeSamples() throws {
        var status = ExampleStatus.status
        let name = "a\"} 1\nswift_pluginserver_connections 99\n\\"
        status.plugins.append(PluginStatus(name: name, state: .loaded))
        let exposition = try Exposition(PrometheusText(status).text)
        #expect(exposition["swift_pluginserver_connections", [:]] == 2)
        #expect(exposition["swift_pluginserver_plugin_quarantined", ["plugin": name]] == 0)
    }

    /// The parser above is strict: it is what the text is held against.
    @Test(arguments: [
        "# HELP a_total b\n# TYPE a_total counter\na_total -1\n", "# HELP a b\n# TYPE a counter\na 1\n", "a 1\n",
        "# HELP a b\n# TYPE a gauge\na{b=\"c} 1\n", "# HELP a b\n# TYPE a gauge\na 1\na 1\n", "# HELP a b\n# TYPE a gauge\na one\n",
        "# HELP a b\n# TYPE a gauge\na 1", "# HELP a b\n# TYPE a gauge\nc 1\n", "# HELP a b\n# TYPE a gauge\n\na 1\n",
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a b\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 2\na_sum 1\na_count 1\n",
    ])
    func otherTextIsNot(_ text: String) {
        #expect(throws: Exposition.Violation.self) { try Exposition(text) }
    }

    /// The page is made from the code: `UPDATE_DOCS=1 swift test --filter MetricsTests` writes it.
    @Test func docsPageIsThatOfTheMetrics() throws {
        let path = Self.docs("metrics.md")
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
            try Metric.page.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page == Metric.page, "docs/metrics.md is old: UPDATE_DOCS=1 swift test --filter MetricsTests")
    }

    @Test func theDashboardAsksForWhatThereIs() throws {
        let dashboard = try JSONValue(parsing: String(contentsOfFile: Self.docs("grafana-dashboard.json"), encoding: .utf8))
        let queries = Self.texts(of: dashboard, under: ["expr", "query", "definition"])
        #expect(queries.count >= Metric.all.count / 2)
        var asked: Set<String> = []
        for query in queries {
            for match in query.matches(of: #/[a-zA-Z_:][a-zA-Z0-9_:]*/#) where match.output.hasPrefix("swift_pluginserver_") {
                let name = String(match.output)
                let metric = try #require(
                    Metric.all.first { metric in
                        metric.kind == .histogram ? ["_bucket", "_sum", "_count"].contains { metric.name + $0 == name } : metric.name == name
                    }, "\(name) in \(query)")
                asked.insert(metric.name)
                if let labels = query[match.range.upperBound...].prefixMatch(of: #/\{([^}]*)\}/#) {
                    for label in labels.1.matches(of: #/([a-z_0-9]+)\s*(=~|!~|!=|=)\s*"/#) {
                        #expect((metric.labels + ["instance", "job"]).contains(String(label.1)), "\(label.1) in \(query)")
                    }
                }
            }
            for labels in query.matches(of: #/by \(([^)]*)\)/#) {
                for label in labels.1.split(separator: ",") {
                    let label = label.trimmingCharacters(in: .whitespaces)
                    #expect(label == "le" || Metric.all.contains { $0.labels.contains(label) }, "\(label) in \(query)")
                }
            }
        }
        #expect(asked.isSuperset(of: Metric.all.filter { $0.kind != .gauge && $0.name.contains("event") }.map(\.name)))
        // Grafana wants the panels' ids to differ.
        guard case .array(let panels)? = dashboard["panels"] else {
            Issue.record("there are no panels")
            return
        }
        #expect(Set(panels.map { $0["id"] }).count == panels.count)
    }

    private static func texts(of json: JSONValue, under keys: Set<String>) -> [String] {
        switch json {
        case .array(let items): items.flatMap { texts(of: $0, under: keys) }
        case .object(let members):
            members.flatMap { key, value -> [String] in
                if keys.contains(key), case .string(let text) = value { return [text] }
                return texts(of: value, under: keys)
            }
        default: []
        }
    }
}
