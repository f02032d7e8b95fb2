import Glibc
import PluginLoader

/// What is known of one file, for people.
struct InspectionReport {
    private(set) var text = ""
    private let style: Style

    /// Of the names before the values.
    private static let nameWidth = 12

    /// - Parameters:
    ///   - plugin: what it said when it was opened.
    ///   - refusal: of its file, or of its probe.
    init(_ inspection: Inspection, _ plugin: PluginDescription?, _ refusal: LoadError?, _ style: Style) throws {
        self.style = style
        text = style.heading(inspection.path.printable) + "\n"
        file(inspection)
        format(inspection)
        stamp(inspection)
        needs(inspection)
        verdict(inspection)
        probe(inspection, plugin, refusal)
        if let plugin { try kongsView(plugin) }
    }

    // MARK: Parts

    private mutating func file(_ inspection: Inspection) {
        guard let file = inspection.file else { return }
        section("File")
        row("kind", "\(file.kind), \(file.size) bytes")
        if let target = file.linkTarget { row("link to", target) }
        row("modified", Self.time(file.modified))
        row("owner", "user \(file.owner), group \(file.group), mode \(file.mode)")
        if let digest = file.sha256 { row("SHA-256", digest) }
    }

    private mutating func format(_ inspection: Inspection) {
        guard let format = inspection.format else { return }
        section("Format")
        row("ELF", "\(format.wordSize), \(format.byteOrder), \(format.machine), \(format.type)")
        if let name = inspection.soname { row("soname", name) }
        row("build-id", inspection.buildID ?? "none")
    }

    private mutating func stamp(_ inspection: Inspection) {
        if let stamp = inspection.stamp {
            section("Stamp")
            row("ABI", stamp.abi)
            row("PDK", stamp.pdk.isEmpty ? "none" : stamp.pdk)
            row("language", stamp.language)
            row("toolchain", stamp.toolchain)
            row("runtime", "says it is \(stamp.statedRuntime)")
        }
        if let runtime = inspection.runtime {
            section("Swift runtime")
            row("kind", runtime.kind == "own" ? "its own, or none" : "shared")
            if runtime.kind != "own" { row("library", runtime.library ?? style.bad("missing")) }
            if let compilers = inspection.compilers, !compilers.isEmpty { row("compilers", compilers.joined(separator: ", ")) }
        }
    }

    private mutating func needs(_ inspection: Inspection) {
        if let libraries = inspection.libraries, !libraries.isEmpty {
            section("Libraries that it needs")
            table(
                libraries.map { library in
                    let isThere = library.state == "found" || library.state == "loaded"
                    let place = [library.path, library.reason.map { "(\($0))" }].compactMap(\.self).joined(separator: " ")
                    let needer = library.neededBy.split(separator: "/").last.map(String.init) ?? library.neededBy
                    return [(library.name, nil), (library.state, isThere), (place.isEmpty ? "-" : place, nil), ("for \(needer)", nil)]
                })
        }
        if let versions = inspection.symbolVersions, !versions.isEmpty {
            section("Symbol versions, the highest of each kind")
            table(
                versions.map { version in
                    [
                        (version.library, nil), (version.family, nil), ("needs \(version.needed)", nil),
                        version.present.map { ("has \($0)", nil) } ?? ("has none", false),
                    ]
                })
        }
        if let symbols = inspection.symbols {
            section("Entry symbols")
            table(symbols.map { [($0.name, nil), ($0.kind ?? "missing", $0.kind == nil ? false : nil)] })
        }
    }

    private mutating func verdict(_ inspection: Inspection) {
        section("Verdict on the file")
        text += "  " + (inspection.verdict.isOK ? style.good("ok") : indented(inspection.refusalText(style))) + "\n"
        for warning in inspection.warnings { text += "  \(style.warning("warning:")) \(warning)\n" }
    }

    private mutating func probe(_ inspection: Inspection, _ plugin: PluginDescription?, _ refusal: LoadError?) {
        section("Probe, in a process of its own")
        if plugin != nil {
            text += "  \(style.good("ok"))\n"
        } else if inspection.verdict.isOK, let refusal {
            text += "  \(indented("\(refusal.message) [\(style.bad(refusal.code.rawValue))]\n  \(refusal.detail)\n  fix: \(refusal.fix)"))\n"
        } else {
            text += "  not opened, since the file is refused\n"
        }
    }

    private mutating func kongsView(_ plugin: PluginDescription) throws {
        section("The plugin, as Kong will see it")
        row("name", plugin.name)
        row("version", plugin.version)
        row("priority", "\(plugin.priority)")
        row("phases", plugin.phases.isEmpty ? "none" : plugin.phases.joined(separator: ", "))
        let schema = String(decoding: try encoded(plugin.schema), as: UTF8.self)
        row("schema", schema.split(separator: "\n").joined(separator: "\n" + String(repeating: " ", count: Self.nameWidth + 4)))
    }

    // MARK: Text

    private mutating func section(_ title: String) { text += "\n\(style.heading(title))\n" }

    private mutating func row(_ name: String, _ value: String) {
        text += "  \(name.padded(to: Self.nameWidth))  \(value)\n"
    }

    /// Cells with whether they are good or bad, which shows in their colour; nil: neither.
    private mutating func table(_ rows: [[(text: String, isGood: Bool?)]]) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            column == columns - 1 ? 0 : rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0
        }
        for row in rows {
            let cells = zip(row, widths).map { cell, width in
                let padded = cell.text.padded(to: width)
                return switch cell.isGood {
                case true?: style.good(padded)
                case false?: style.bad(padded)
                case nil: padded
                }
            }
            text += "  \(cells.joined(separator: "  "))\n"
        }
    }

    private func indented(_ lines: String) -> String { lines.split(separator: "\n").joined(separator: "\n  ") }

    /// As 2026-11-23 05:04:03, in UTC.
    private static func time(_ seconds: Int64) -> String {
        var (time, parts) = (time_t(seconds), tm())
        gmtime_r(&time, &parts)
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map(twoDigits).joined(separator: "-")
        return date + " " + [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits(Int($0)) }.joined(separator: ":") + " UTC"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
