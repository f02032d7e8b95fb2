/// Findings for people: by area, each on a line, and with both sides and the fix where all is not well.
struct DoctorReport {
    let text: String

    init(_ diagnoses: [Diagnosis], _ style: Style) {
        var text = ""
        for area in Diagnosis.Area.allCases {
            let part = diagnoses.filter { $0.area == area }
            if part.isEmpty { continue }
            text += "\(style.heading(area.title))\n"
            for diagnosis in part { text += Self.lines(diagnosis, style) }
            text += "\n"
        }
        let counts = Diagnosis.Severity.allCases.reversed().map { severity in
            let count = diagnoses.count { $0.severity == severity }
            let words = "\(count) \(severity.rawValue)\(count == 1 || severity == .ok ? "" : "s")"
            return count == 0 ? words : Self.coloured(words, severity, style)
        }
        self.text = text + counts.joined(separator: ", ") + "\n"
    }

    private static func lines(_ diagnosis: Diagnosis, _ style: Style) -> String {
        let severity = diagnosis.severity.rawValue.padded(to: 7)
        let code = diagnosis.severity == .ok ? "" : " [\(diagnosis.code.rawValue)]"
        var text = "  \(coloured(severity, diagnosis.severity, style))  \(diagnosis.message)\(code)\n"
        let margin = String(repeating: " ", count: 11)
        if let found = diagnosis.found, let wanted = diagnosis.wanted { text += "\(margin)found: \(found)     wanted: \(wanted)\n" }
        if let fix = diagnosis.fix { text += "\(margin)fix: \(fix)\n" }
        return text
    }

    private static func coloured(_ text: String, _ severity: Diagnosis.Severity, _ style: Style) -> String {
        switch severity {
        case .ok: style.good(text)
        case .note: text
        case .warning: style.warning(text)
        case .problem: style.bad(text)
        }
    }
}
