// Unsafe pointers: the arguments as the system gave them.

import ArgumentParser
import Glibc
import KongSimulator
import PluginLoader

/// One request through one plugin, without Kong: the plugin runs in a server of its own, and Kong's side is simulated.
struct Try: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays one simulated request through a plugin, in a real server, and shows what happens.",
        discussion: """
            Shows what reaches the service and the client, with what the plugin has changed, each call of Kong's PDK with its \
            result and when Kong got it, what is logged, and the configuration after defaults. Kong's rules are those of 3.9. Ends \
            with status 1 if the plugin fails, or Kong would not take the configuration.

            Without -plugins-directory a name is looked for in the working directory, in dist/plugins, and in this installation.

            Examples:
              swift-pluginserver try hello
              swift-pluginserver try .build/debug/libhello.so --config '{"greeting": "welcome"}' -H 'Host: example.com'
              swift-pluginserver try hello --request 'POST /orders?id=1' --body @order.json --protocol messagepack
              swift-pluginserver try hello --phase access --json
            """)

    @Argument(help: "The plugin: its name, or its file.")
    var plugin: String

    @OptionGroup var directory: PluginsDirectory

    @Option(help: .init("The plugin's configuration as Kong's Admin API takes it, or @FILE.", valueName: "json"))
    var config = "{}"

    @Option(help: .init("What the client sends, as 'POST /path?query'.", valueName: "request"))
    var request = ClientRequestLine.root

    @Option(name: [.customShort("H"), .customLong("header")], help: .init("A header of the client's; may be given several times.", valueName: "name: value"))
    var headers: [HeaderArgument] = []

    @Option(help: .init("The client's body, or @FILE.", valueName: "text"))
    var body: String?

    @Option(help: .init("The user name of the consumer that the client was authenticated as.", valueName: "name"))
    var consumer: String?

    @Option(help: .init("What the service answers with.", valueName: "status"))
    var serviceStatus = 200

    @Option(help: .init("A header of the service's answer; may be given several times.", valueName: "name: value"))
    var serviceHeader: [HeaderArgument] = []

    @Option(help: .init("The body of the service's answer, or @FILE.", valueName: "text"))
    var serviceBody: String?

    @Flag(help: "Let the service answer with the body that it gets.")
    var serviceEcho = false

    @OptionGroup var wireProtocol: WireProtocolOption

    @Option(help: .init("A phase to run; may be given several times. (default: those that the plugin handles of rewrite, access, response and log)", valueName: "phase"))
    var phase: [SimulatedPhase] = []

    @Option(help: .init("How long to wait for the plugin, each time that it is waited for.", valueName: "seconds"))
    var timeout = 10.0

    @Flag(help: "Print the same as a JSON object.")
    var json = false

    @OptionGroup var logging: LoggingOptions
    @OptionGroup(title: "Judging plugins") var judging: JudgingOptions

    mutating func validate() throws {
        guard (100...599).contains(serviceStatus) else { throw ValidationError("--service-status must be 100 … 599") }
        guard (0.01...3600).contains(timeout) else { throw ValidationError("--timeout must be a number of seconds, 3600 at most") }
        guard !serviceEcho || (serviceStatus == 200 && serviceHeader.isEmpty && serviceBody == nil) else {
            throw ValidationError("--service-echo says all of the service's answer")
        }
    }

    func run() throws {
        openStandardDescriptors()
        signal(SIGPIPE, SIG_IGN)
        if let number = Self.argumentThatIsNoText {
            throw ValidationError("argument \(number) is not UTF-8, and would not be passed on as it is; a body that is not can be in a file: --body @FILE")
        }
        let style = json ? Style.plain : Style(for: STDOUT_FILENO)
        let prefix = try TemporaryDirectory("swift-pluginserver-try")
        defer { prefix.remove() }
        let result: TrialResult
        do {
            var trial = Trial(try setup(), in: prefix)
            result = trial.run()
        } catch let failure as TrialFailure {
            result = TrialResult(wireProtocol: wireProtocol.value.kongName, failure: failure)
        }
        let output = StandardOutput()
        guard output.write(json ? try encoded(result) : Array(TrialReport(result, style).text.utf8)) else {
            throw fail("nobody takes the result from standard output")
        }
        if result.failure != nil { throw ExitCode(1) }
    }

    private func setup() throws -> TrialSetup {
        var headers = SimulatedHeaders(headers.map(\.field))
        let body = try body.map(bytes(of:)) ?? []
        // As every client does.
        if !body.isEmpty, headers["content-length"].isEmpty { headers.append("Content-Length", "\(body.count)") }
        let answer = SimulatedResponse(
            status: serviceStatus, headers: SimulatedHeaders(serviceHeader.map(\.field)), body: try serviceBody.map(bytes(of:)) ?? [])
        return TrialSetup(
            plugin: plugin, directory: directory.path, config: String(decoding: try bytes(of: config), as: UTF8.self),
            request: SimulatedRequest(request.method, request.target, headers: headers, body: .bytes(body)),
            service: serviceEcho ? .echoes : .answers(answer), consumer: consumer, phases: phase,
            wireProtocol: wireProtocol.value, timeout: .seconds(timeout), policy: judging.policy, serverFlags: judging.flags + logging.flags)
    }

    /// What stands there, or what can be read from the file that is named after an @, which may be a pipe.
    private func bytes(of argument: String) throws -> [UInt8] {
        guard argument.hasPrefix("@") else { return Array(argument.utf8) }
        return try ArgumentFile(path: String(argument.dropFirst())).bytes
    }

    /// The first of this process's arguments that is not UTF-8: Swift has replaced what is not.
    private static var argumentThatIsNoText: Int? {
        (1..<Int(CommandLine.argc)).first { index in
            CommandLine.unsafeArgv[index].map { String(validatingCString: $0) == nil } ?? false
        }
    }
}

/// The first line of a client's request: "POST /path?query", or the path alone.
struct ClientRequestLine: ExpressibleByArgument {
    let method: String
    let target: String

    static let root = ClientRequestLine(method: "GET", target: "/")

    private init(method: String, target: String) {
        self.method = method
        self.target = target
    }

    init?(argument: String) {
        let words = argument.split(separator: " ", omittingEmptySubsequences: true)
        guard let target = words.last, words.count <= 2, target.hasPrefix("/"), target.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        method = words.count == 2 ? String(words[0]) : "GET"
        self.target = String(target)
        guard HeaderArgument.isToken(method) else { return nil }
    }

    var defaultValueDescription: String { "\(method) \(target)" }
}

/// A header as "Name: value".
struct HeaderArgument: ExpressibleByArgument {
    let field: SimulatedHeaders.Field

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":") else { return nil }
        let name = String(argument[..<colon])
        let value = argument[argument.index(after: colon)...].trimmingPrefix(while: \.isWhitespace)
        guard Self.isToken(name), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { return nil }
        field = SimulatedHeaders.Field(name, String(value))
    }

    /// What HTTP lets be a method, or the name of a header.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar))
            }
    }
}

extension SimulatedPhase: ExpressibleByArgument {}
