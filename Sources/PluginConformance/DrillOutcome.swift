import FoundationEssentials
import Glibc
import PluginLoader

/// What a drill has told, and how its process has ended.
struct DrillOutcome: Sendable {
    let drill: Drill
    var broken: [Rule.ID: [String]] = [:]
    var examined: Set<Rule.ID> = []
    var skipped: String?
    var descriptor: String?
    /// Of the process, where it has not ended well.
    var lastWords: String?
    /// Whether all of it was done.
    var isWhole = false

    /// Whether the plugin has kept the drill's own rule, so that drills that need as much can be done.
    var isDone: Bool { isWhole && broken[drill.rule] == nil }

    /// For a process that there could not be.
    init(_ drill: Drill, failure: ProbeFailure) {
        self.drill = drill
        skipped = "there is no process to examine it in: \(failure)"
    }

    init(_ drill: Drill, _ process: ProbeProcess, limit: Duration) {
        self.drill = drill
        let end = process.end()
        var (doing, hasEnded) = ("nothing", false)
        for line in process.report.bytes.split(separator: UInt8(ascii: "\n")) {
            guard let line = try? JSONDecoder().decode(DrillLine.self, from: Data(line)) else { continue }
            if let text = line.doing { doing = text }
            if let rule = line.rule, let found = line.found { broken[rule, default: []].append(found) }
            if let rule = line.examined { examined.insert(rule) }
            if let reason = line.skipped { skipped = reason }
            if let text = line.descriptor { descriptor = text }
            if let fault = line.fault, let what = line.what {
                let (rule, found) = Self.meaning(of: fault, what)
                broken[rule, default: []].append("\(doing): \(found)")
                lastWords = ""
            }
            if let isWhole = line.isWhole { (self.isWhole, hasEnded) = (isWhole, true) }
        }
        guard !hasEnded else { return }
        let words = PluginProber.lastWords(process.standardError.text)
        // A fault on guarded memory has its rule already.
        if lastWords == nil { broken[drill.rule, default: []].append("\(doing): \(Self.text(end, limit))") }
        lastWords = words
    }

    private static func meaning(of fault: String, _ what: String) -> (Rule.ID, String) {
        switch fault {
        case "beyond" where what == LentName.host: (.olderHost, "a member of `kong_host` beyond its size was used")
        case "beyond": (.stringSize, "\(what) was read beyond its end")
        case "written": (.borrowed, "\(what) was written to")
        default: (.borrowed, "\(what) was used after the call that it was lent for")
        }
    }

    private static func text(_ end: ProbeEnd, _ limit: Duration) -> String {
        switch end {
        case .running: "it had not come to its end after \(limit.text)"
        case .exited(let status): "it ended its process with status \(status)"
        case .killed(let signal): "it crashed: \(PluginProber.name(of: signal))"
        }
    }
}
