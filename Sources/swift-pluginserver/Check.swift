import ArgumentParser
import FoundationEssentials
import Glibc
import PluginLoader

/// What the server would make of files, without running any of them: for CI, and before a restart.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judges plugins from their files alone, and runs nothing of them.",
        discussion: """
            A table has each file with its verdict; below it stands for each refused one what was found, what is wanted, and what \
            to do. Ends with status 1 if any is refused.

            Examples:
              swift-pluginserver check /usr/local/kong/swift-plugins
              swift-pluginserver check --json dist/plugins/hello.so
              swift-pluginserver check dist/plugins && kong restart
            """)

    @Argument(help: .init("Files, or directories of plugins.", valueName: "file or directory"))
    var paths: [String] = ["."]

    @Flag(help: "Print everything that is known as a JSON array.")
    var json = false

    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    func run() throws {
        openStandardDescriptors()
        var inspections: [Inspection] = []
        var ignored: [Finding] = []
        for path in paths {
            guard isDirectory(path) else {
                inspections.append(Inspection(path: path, options: judging.policy.check))
                continue
            }
            do {
                for finding in try PluginDirectory(path: path, options: judging.policy.check).findings {
                    if let inspection = Inspection(finding) { inspections.append(inspection) } else { ignored.append(finding) }
                }
            } catch {
                throw fail("\(error)")
            }
        }
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let output = StandardOutput()
        guard output.write(json ? try encoded(inspections) : Array(table(inspections, ignored, style).utf8)) else {
            throw fail("nobody takes the verdicts from standard output")
        }
        if inspections.contains(where: { !$0.verdict.isOK }) { throw ExitCode(1) }
    }

    private func table(_ inspections: [Inspection], _ ignored: [Finding], _ style: Style) -> String {
        let rows =
            [["VERDICT", "PLUGIN", "ABI", "PDK", "LANGUAGE", "RUNTIME", "FILE"]]
            + inspections.map { inspection in
                [
                    inspection.verdict.code, inspection.name ?? "-", inspection.stamp?.abi ?? "-",
                    inspection.stamp.map { $0.pdk.isEmpty ? "-" : $0.pdk } ?? "-", inspection.stamp?.language ?? "-",
                    inspection.runtime?.kind ?? "-", inspection.path.printable,
                ]
            }
        let widths = rows.reduce([0, 0, 0, 0, 0, 0]) { widths, row in zip(widths, row).map { max($0, $1.count) } }
        var text = ""
        for (index, row) in rows.enumerated() {
            var cells = zip(row, widths).map { $0.padded(to: $1) } + [row[6]]
            if index == 0 {
                cells = cells.map(style.heading)
            } else {
                cells[0] = inspections[index - 1].verdict.isOK ? style.good(cells[0]) : style.bad(cells[0])
            }
            text += cells.joined(separator: "  ") + "\n"
        }
        for inspection in inspections where !inspection.verdict.isOK {
            text += "\n\(inspection.refusalText(style))\n"
        }
        for inspection in inspections {
            for warning in inspection.warnings { text += "\n\(style.warning("warning:")) \(warning)\n" }
        }
        let refused = inspections.filter { !$0.verdict.isOK }.count
        let count = "\(refused) refused"
        text += "\n\(inspections.count - refused) fit, \(refused == 0 ? count : style.bad(count)), \(ignored.count) ignored\n"
        return text
    }
}

extension Inspection {
    /// The refusal, as the server's log has it: what, both sides, and what to do.
    func refusalText(_ style: Style) -> String {
        """
        \(verdict.message ?? path.printable) [\(style.bad(verdict.code))]
          plugin: \(verdict.found ?? "-")     host: \(verdict.wanted ?? "-")
          fix: \(verdict.fix ?? "-")
        """
    }
}

/// JSON for people and programs: keys sorted, one to a line.
func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
}

func isDirectory(_ path: String) -> Bool {
    var isDirectory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
}
