import PluginConformance
import PluginLoader

/// The result for people: a line for each rule, and below those that are broken what was seen and what to do.
struct ConformanceText {
    private let report: ConformanceReport
    private let style: Style

    init(_ report: ConformanceReport, _ style: Style) {
        self.report = report
        self.style = style
    }

    var text: String {
        var text = "\(style.heading(report.path.printable))\n"
        if let plugin = report.plugin {
            text += "\(plugin.name) \(plugin.version), phases: \(plugin.phases.joined(separator: ", "))\n"
        }
        text += "\n"
        let width = report.rules.map { $0.id.rawValue.count }.max() ?? 0
        for rule in report.rules { text += lines(of: rule, width) }
        let count = "\(report.count(.broken)) broken"
        let broken = report.count(.broken) == 0 ? count : style.bad(count)
        return text + "\n\(report.count(.kept)) kept, \(broken), \(report.count(.notApplicable)) not applicable\n"
    }

    private func lines(of rule: RuleResult, _ width: Int) -> String {
        let id = rule.id.rawValue.padded(to: width)
        switch rule.outcome {
        case .kept: return "\(style.good("kept  "))  \(id)  \(rule.statement)\n"
        case .notApplicable: return "-       \(id)  \((rule.reason ?? "").printable)\n"
        case .broken:
            var text = "\(style.bad("broken"))  \(id)  \(rule.statement)\n"
            for found in rule.found ?? [] { text += "          found: \(found.printable)\n" }
            if let words = rule.lastWords { text += "          its last words: \(words.printable)\n" }
            if let fix = rule.fix { text += "          fix: \(fix.printable)\n" }
            return text
        }
    }
}
