/// The metrics as text, version 0.0.4 of Prometheus' exposition format.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public let text: String

    public init(_ status: ServerStatus) {
        var text = ""
        for metric in Metric.all {
            text += "# HELP \(metric.name) \(metric.help.escaped(quote: false))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for sample in metric.samples(status) { Self.append(sample, of: metric, to: &text) }
        }
        self.text = text
    }

    private static func append(_ sample: Metric.Sample, of metric: Metric, to text: inout String) {
        let pairs = zip(metric.labels, sample.labels).map { "\($0)=\"\($1.escaped(quote: true))\"" }
        func line(_ suffix: String, _ more: String? = nil, _ value: String) {
            let labels = (pairs + (more.map { [$0] } ?? [])).joined(separator: ",")
            text += "\(metric.name)\(suffix)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
        }
        switch sample.value {
        case .count(let count): line("", nil, "\(count)")
        case .integer(let number): line("", nil, "\(number)")
        case .histogram(let histogram):
            for power in Metric.bucketPowers {
                line("_bucket", "le=\"\(seconds(1 << UInt64(power)))\"", "\(histogram.count(within: power))")
            }
            line("_bucket", "le=\"+Inf\"", "\(histogram.count)")
            line("_sum", nil, "\(seconds(histogram.sum))")
            line("_count", nil, "\(histogram.count)")
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e9 }
}

extension String {
    /// As the format has it: backslashes and line feeds, and in the values of labels quotes.
    fileprivate func escaped(quote: Bool) -> String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\"" where quote: text += "\\\""
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
