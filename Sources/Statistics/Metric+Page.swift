extension Metric {
    /// The page `docs/metrics.md`.
    public static var page: String {
        var page = """
            # Metrics

                swift-pluginserver … --metrics 127.0.0.1:9542
                swift-pluginserver … --metrics unix:/usr/local/kong/metrics.sock

            The server answers `GET /metrics` in Prometheus' text format (0.0.4). It is off unless asked for. Whoever can connect
            can read the names of plugins and how much they are used, so give it a loopback address, or a unix socket, which is
            made with mode 0600. An address is a number, not a name: `127.0.0.1:9542`, `[::1]:9542`. With port 0 the log says
            which one it is. An address that is taken is tried again each second: Kong's reload starts the new server while the
            old one still runs. Where no socket can ever be, such as in a directory that is not there, the server does not start.

            A request may have 8 KiB and take 5 s; each connection is closed after its answer. There may be 16
            connections; when another comes, the oldest is closed.

                scrape_configs:
                  - job_name: swift-pluginserver
                    static_configs: [{targets: ["127.0.0.1:9542"]}]

            [grafana-dashboard.json](grafana-dashboard.json) shows them: import it, and choose the data source.

            This page is made from `Sources/Statistics/Metric.swift`.

            | metric | type | labels | what it is |
            | --- | --- | --- | --- |

            """
        for metric in all {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            page += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
        }
        page += """

            A worker's name is empty where one worker has all plugins. Counters begin at 0 when the server starts. Those with the labels `plugin` and
            `phase` are there for each plugin that is loaded, from the start. The plugin `(not loaded)` stands for the events of
            instances whose plugin is not there.

            The bounds (`le`) of the histogram are powers of two of a nanosecond, from 2^\(bucketPowers.lowerBound) (1.024 µs) to 2^\(bucketPowers.upperBound) (68.7 s), so the
            counts are exact. `swift-pluginserver status` goes by finer buckets: its percentiles are at most 6.25 % too high.

            Useful queries:

                # Events per second, by plugin
                sum by (plugin) (rate(swift_pluginserver_events_total[5m]))
                # The share that failed
                sum by (plugin) (rate(swift_pluginserver_events_total{result!="done"}[5m]))
                  / sum by (plugin) (rate(swift_pluginserver_events_total[5m]))
                # 99 % of the events took no longer than that
                histogram_quantile(0.99, sum by (plugin, phase, le) (rate(swift_pluginserver_event_duration_seconds_bucket[5m])))

            """
        return page
    }
}
