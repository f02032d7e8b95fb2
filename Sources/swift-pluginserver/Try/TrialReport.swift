import PluginLoader

/// What has become of a trial, for people.
struct TrialReport {
    private(set) var text = ""
    private let style: Style

    /// More of a body is not shown.
    private static let longestBody = 2000

    init(_ result: TrialResult, _ style: Style) {
        self.style = style
        if let plugin = result.plugin {
            text += "\(style.heading("\(plugin.name) \(plugin.version.printable)")) from \(plugin.path.printable), over \(result.wireProtocol)\n"
        }
        if let config = result.config { section("Configuration", ["  \(config.text.printable)"]) }
        for phase in result.phases { show(phase) }
        if let message = result.service {
            show(message, "What the service gets")
        } else if result.client != nil {
            section("What the service gets", ["  nothing: the client was answered before"])
        }
        if let message = result.client { show(message, "What the client gets") }
        section("Kong's log", result.log.map { "  [\($0.level)] \($0.text.printable)" })
        section("The server's log", result.serverLog.map { "  \($0.printable)" })
        end(result.failure)
    }

    private mutating func section(_ title: String, _ lines: [String]) {
        guard !lines.isEmpty else { return }
        text += "\n\(style.heading(title))\n\(lines.joined(separator: "\n"))\n"
    }

    private mutating func show(_ phase: TrialResult.Phase) {
        guard phase.ran else {
            return section("Phase \(phase.name)", ["  not run: the client was answered before"])
        }
        let calls = phase.calls.count == 1 ? "1 call" : "\(phase.calls.count) calls"
        let trips = phase.roundTrips == 1 ? "1 round trip" : "\(phase.roundTrips) round trips"
        text += "\n\(style.heading("Phase \(phase.name)")): \(calls), \(trips), \(phase.microseconds) µs\n"
        for call in phase.calls {
            let time = "\(call.microseconds) µs"
            let line = call.outcome == .raised ? style.bad(call.text) : call.text
            text += "  \(String(repeating: " ", count: max(0, 9 - time.count)))\(time)  \(line)\n"
        }
    }

    private mutating func show(_ message: TrialMessage, _ title: String) {
        var lines = [marked(message.start.printable, message.isStartChanged ? .changed : nil)]
        if let target = message.target {
            lines.append(marked("to \(target.printable)", message.isTargetChanged == true ? .changed : nil))
        }
        lines += message.headers.map { marked("\($0.name): \($0.value)".printable, $0.change) }
        if message.bodySize > 0 || message.isBodyChanged {
            let change: TrialMessage.Change? = message.isBodyChanged ? .changed : nil
            lines.append(marked("body of \(message.bodySize) bytes\(message.bodyBase64 == nil ? "" : ", which is no text")", change))
            if message.bodyBase64 == nil, message.bodySize > 0 {
                let body = message.body.prefix(Self.longestBody)
                lines += body.split(separator: "\n", omittingEmptySubsequences: false).map { "      " + String($0).printable }
                if body.endIndex < message.body.endIndex { lines.append("      …") }
            }
        }
        section(title, lines)
    }

    /// A line, and what the plugin has made of it.
    private func marked(_ line: String, _ change: TrialMessage.Change?) -> String {
        switch change {
        case nil: "    \(line)"
        case .added: style.good("  + \(line)")
        case .changed: style.warning("  ~ \(line)")
        case .removed: style.bad("  - \(line)")
        }
    }

    private mutating func end(_ failure: TrialFailure?) {
        if !text.isEmpty { text += "\n" }
        guard let failure else {
            text += "\(style.good("ok")): the plugin has not failed\n"
            return
        }
        let reason = failure.reason.split(separator: "\n").map { String($0).printable }.joined(separator: "\n  ")
        text += "\(style.bad("failed")): \(reason) [\(failure.kind.rawValue)]\n  fix: \(failure.fix.printable)\n"
    }
}
