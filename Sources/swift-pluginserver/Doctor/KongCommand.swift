import ArgumentParser
import Glibc
import PluginLoader

/// A command that Kong would run: looked at, and never run.
struct KongCommand {
    /// What it is to this server.
    enum Meaning {
        /// It starts this server's program, with these flags.
        case server(SwiftPluginServer)
        /// It starts another program.
        case foreign
        /// Only a shell can tell.
        case shell
        /// It cannot work: why, for people.
        case invalid(String)
    }

    let text: String
    let executable: String
    let meaning: Meaning

    /// Where a shell without PATH looks.
    private static let searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    private static let programName = "swift-pluginserver"

    init(_ text: String) {
        self.text = text
        let parts: ShellWords
        do {
            parts = try ShellWords(text)
        } catch {
            executable = ""
            meaning = .invalid("a quotation mark is not closed")
            return
        }
        let words = Self.withoutEnv(parts.words)
        executable = words.first ?? ""
        if parts.needsShell {
            meaning = .shell
        } else if Self.isThisProgram(executable) {
            meaning = Self.parsed(Array(words.dropFirst()))
        } else if text.contains("/\(Self.programName) "), executable.contains(" ") {
            meaning = .invalid("all of it is one word: there are quotation marks around the whole command")
        } else {
            meaning = .foreign
        }
    }

    /// From the words of a command that Kong puts together itself.
    init(executable: String, arguments: [String]) {
        text = ([executable] + arguments).map(\.shellWord).joined(separator: " ")
        self.executable = executable
        meaning = Self.isThisProgram(executable) ? Self.parsed(arguments) : .foreign
    }

    /// The flags, if they are this server's.
    var server: SwiftPluginServer? { if case .server(let server) = meaning { server } else { nil } }

    /// Where the executable is; `nil` if there is none.
    var executablePath: String? {
        let candidates = executable.contains("/") ? [executable] : Self.searchPath.map { "\($0)/\(executable)" }
        return candidates.first { FileStatus(path: $0)?.kind == .file }
    }

    /// Whether two paths lead to one file.
    static func isSameFile(_ first: String, _ second: String) -> Bool {
        guard let one = try? FileBytes(path: first), let other = try? FileBytes(path: second) else { return false }
        return one.identity == other.identity
    }

    // MARK: Reading it

    /// By its name, since it need not be there; or by what it is, whatever it is called.
    private static func isThisProgram(_ executable: String) -> Bool {
        executable.split(separator: "/").last.map(String.init) == programName || isSameFile(executable, ThisProgram.executable)
    }

    /// What `env` would start.
    private static func withoutEnv(_ words: [String]) -> [String] {
        guard words.first?.split(separator: "/").last == "env" else { return words }
        return Array(words.dropFirst().drop { $0.contains("=") || $0.hasPrefix("-") })
    }

    private static func parsed(_ arguments: [String]) -> Meaning {
        do {
            guard let server = try SwiftPluginServer.parseAsRoot(arguments) as? SwiftPluginServer else {
                return .invalid("it runs the subcommand \(arguments.first { !$0.hasPrefix("-") } ?? "")")
            }
            return .server(server)
        } catch {
            return .invalid(SwiftPluginServer.message(for: error))
        }
    }
}
