import ArgumentParser
import FoundationEssentials
import Glibc
import KongClient
import KongSimulator
import PluginLoader
import PluginServer
import WireProtocol

/// The tutorial's request, played against a server of its own, which is started as Kong starts it.
///
/// It is also a check: whatever is not as the tutorial says ends it with a message and status 1.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays the tutorial's request through the plugin goplug, in both protocols, and shows what happens.",
        discussion: "Without -plugins-directory it takes the plugins of this build or installation.")

    @OptionGroup var directory: PluginsDirectory

    private static let plugin = "goplug"
    private static let serviceHeader = "x-goplug"
    private static let clientHeader = "x-goplug-swift-version"

    func run() throws {
        let prefix = try TemporaryDirectory("swift-pluginserver-demo")
        defer { prefix.remove() }
        let directory = try plugins(in: prefix)
        let flags = ["-plugins-directory", directory]

        print("Plugins in \(directory), as Kong is told of them (-dump)\n")
        try showPlugins(dump(["-kong-prefix", prefix.path] + flags, in: prefix))

        let server = try OwnServer(flags, in: prefix)
        do {
            try server.waitUntilListening()
            for attach in [true, false] { try play(attach: attach, on: server.socket) }
            try server.stop()
        } catch {
            show(log: server.log)
            throw failure("The demo has failed: \(error)")
        }
        show(log: server.log)
        print("\nAll of it is as it should be.")
    }

    /// The directory that was asked for, or the one of this build (dist/plugins) or installation.
    private func plugins(in prefix: TemporaryDirectory) throws -> String {
        if let path = directory.path { return path }
        let program = ThisProgram.path
        for candidate in OwnPlugins.directories(besides: program) where access("\(candidate)/\(Self.plugin).so", R_OK) == 0 {
            return realPath(candidate)
        }
        let built = "\(OwnPlugins.folder(of: program))/lib\(Self.plugin).so"
        guard access(built, R_OK) == 0 else {
            throw failure("there is no \(Self.plugin).so near \(program): give its directory with --plugins-directory")
        }
        return try prefix.directory(linking: built, as: "\(Self.plugin).so")
    }

    // MARK: Plugins

    private func dump(_ flags: [String], in prefix: TemporaryDirectory) throws -> JSONValue {
        let (output, errors) = (prefix.file("dump.json"), prefix.file("dump.log"))
        let process = try ServerProcess(ThisProgram.executable, flags + ["-dump"], output: .file(output), errors: .file(errors))
        let end = try process.waitForEnd()
        guard end == .exited(0) else { throw failure("-dump ended with \(end):\n\(prefix.text(of: errors))") }
        return try JSONValue(parsing: prefix.text(of: output))
    }

    private func showPlugins(_ dump: JSONValue) throws {
        guard case .array(let plugins)? = dump["Plugins"] else { throw failure("the dump has no plugins: \(dump.text)") }
        let rows = plugins.map { plugin -> [String] in
            var phases: [String] = []
            if case .array(let names)? = plugin["Phases"] { phases = names.map(\.plainText) }
            return [
                plugin["Name"].plainText, plugin["Version"].plainText, "priority \(plugin["Priority"].plainText)",
                phases.joined(separator: ", "),
            ]
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            print("    " + zip(row, widths + [0]).map { $0.padded(to: $1) }.joined(separator: "   "))
        }
        guard rows.contains(where: { $0[0] == Self.plugin }) else {
            throw failure("The demo needs the plugin \(Self.plugin), which is not among them.")
        }
    }

    // MARK: The request

    private func play(attach: Bool, on socket: String) throws {
        print("\nGET /mock/request, \(Self.plugin) with attach = \(attach)")
        for (name, wireProtocol) in [("MessagePack", WireProtocolKind.messagePack), ("ProtoBuf:1", .protoBuf)] {
            print("\n  over \(name)")
            let kong = KongClient(socketPath: socket, protocol: wireProtocol)
            let instance = try kong.startInstance(
                Self.plugin, config: #"{"attach":\#(attach),"__key__":"demo \#(name) \#(attach)","__seq__":1}"#)
            var exchange = SimulatedExchange(
                SimulatedRequest("GET", "/mock/request", headers: ["Host": "localhost:8000"]))
            for phase in [SimulatedPhase.access, .response] where exchange.begin(phase) {
                let calls = try kong.handleEvent(instance, phase.rawValue) { exchange.answer($0, over: wireProtocol) }
                show(phase.rawValue.padded(to: 8), calls.map(\.description), otherwise: "no calls")
            }
            let sent = exchange.request.headers, answered = exchange.serviceResponse?.headers ?? [:]
            show(
                "service gets", exchange.serviceRequest.headers.lines(notIn: sent), otherwise: "the request as it came")
            show("client gets", exchange.response.headers.lines(notIn: answered), otherwise: "the answer as it came")
            try check(exchange, attach: attach)
            try kong.closeInstance(instance)
        }
    }

    private func show(_ title: String, _ lines: [String], otherwise: String) {
        for (index, line) in (lines.isEmpty ? ["(\(otherwise))"] : lines).enumerated() {
            print("    \((index == 0 ? title : "").padded(to: 12))   \(line)")
        }
    }

    private func check(_ exchange: SimulatedExchange, attach: Bool) throws {
        let service = exchange.serviceRequest.headers[Self.serviceHeader]
        guard attach ? service.count == 1 && service != [""] : service.isEmpty else {
            throw DemoFailure("with attach = \(attach) the service gets \(Self.serviceHeader): \(service)")
        }
        let client = exchange.response.headers[Self.clientHeader]
        guard client.count == 1, client != [""] else {
            throw DemoFailure("the client gets \(Self.clientHeader): \(client)")
        }
        guard exchange.source == .service, exchange.log.isEmpty else {
            throw DemoFailure(
                "the plugin reported \(exchange.log), and the client got status \(exchange.response.status)")
        }
    }

    private func show(log lines: [String]) {
        print("\nThe server's log\n")
        for line in lines { print("    \(line)") }
    }

    /// Ends the demo, after what it has printed so far.
    private func failure(_ message: String) -> ExitCode {
        print()
        fflush(nil)
        return fail(message)
    }
}

/// What was not as it should be.
private struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension SimulatedHeaders {
    /// What has been added to others, as "name: value", by name.
    fileprivate func lines(notIn others: SimulatedHeaders) -> [String] {
        SimulatedHeaders(fields.filter { !others.fields.contains($0) }.sorted { $0.name.lexicographicallyPrecedes($1.name) })
            .fields.map(\.description)
    }
}

extension JSONValue? {
    fileprivate var plainText: String { self?.plainText ?? "-" }
}

extension JSONValue {
    fileprivate var plainText: String {
        if case .string(let text) = self { text } else { text }
    }
}
