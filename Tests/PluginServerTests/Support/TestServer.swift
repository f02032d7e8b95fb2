import Foundation
import KongClient
import Testing
import WireProtocol

/// A server that runs as Kong would run it, for one test.
final class TestServer: Sendable {
    let directory: TemporaryDirectory
    let process: ServerProcess
    let socket: String
    let plugins: String

    /// Waits until it serves.
    /// - Parameters:
    ///   - pluginsDirectory: where the plugins are, if not in a directory of the server's own.
    ///   - socketName: of the socket that it is waited for.
    ///   - prepare: puts more into the plugins directory than `plugins`.
    ///   - runner: what runs the server's program, with its own arguments before that.
    init(
        _ plugins: [String: String] = Plugins.recorded, in pluginsDirectory: String? = nil, flags: [String] = [],
        environment: [String] = [], socketName: String = "go_pluginserver.sock",
        runner: [String] = Program.extra("SERVER_RUNNER"), program: String = Program.path,
        prepare: (_ pluginsDirectory: String) throws -> Void = { _ in }
    ) throws {
        directory = try TemporaryDirectory()
        self.plugins = try pluginsDirectory ?? directory.makeDirectory("plugins")
        try Plugins.link(plugins, into: self.plugins)
        try prepare(self.plugins)
        socket = directory.file(socketName)
        let allFlags = flags + Program.extra("SERVER_FLAGS")
        process = try ServerProcess(
            runner.first ?? program,
            runner.dropFirst() + (runner.isEmpty ? [] : [program])
                + ["-kong-prefix", directory.path, "-plugins-directory", self.plugins] + allFlags,
            environment: environment, errors: .file(directory.file("log")))
        do {
            try process.waitUntilListening(on: socket, within: .seconds(60))
            // A supervisor listens before its worker has looked at the plugins. Tests read what is said of them.
            if !allFlags.contains("--no-supervisor"), !allFlags.contains("--log-level") { try waitForLog("serves \(socket)", within: .seconds(60)) }
        } catch {
            throw TestFailure("\(error)\n\(directory.text(of: "log"))")
        }
    }

    /// Runs a test against a server, and then stops it as Kong does: it must end with status 0 and leave no socket.
    static func run(
        _ plugins: [String: String] = Plugins.recorded, flags: [String] = [],
        socketName: String = "go_pluginserver.sock", prepare: (_ pluginsDirectory: String) throws -> Void = { _ in },
        _ body: (TestServer) throws -> Void
    ) throws {
        let server = try TestServer(plugins, flags: flags, socketName: socketName, prepare: prepare)
        do {
            try body(server)
        } catch {
            throw TestFailure("\(error)\nThe server\(server.process.end().map { " ended with \($0)" } ?? " ran"); its log:\n\(server.log)")
        }
        try server.stop()
    }

    func stop() throws {
        process.send(SIGTERM)
        let end = try process.waitForEnd(within: .seconds(60))
        #expect(end == .exited(0), "\(log)")
        #expect(!FileManager.default.fileExists(atPath: socket), "the server left its socket behind")
    }

    /// What the server has written to standard error so far.
    var log: String { directory.text(of: "log") }

    /// Waits until the log has a text.
    func waitForLog(_ text: String, within limit: Duration = .seconds(30)) throws {
        guard eventually(within: limit, { log.contains(text) }) else {
            throw TestFailure("the log does not say \"\(text)\"")
        }
    }

    func kong(
        _ wireProtocol: WireProtocolKind, choosing choice: ConnectionChoice = .newest, serverMayEnd: Bool = false
    ) -> KongClient {
        KongClient(socketPath: socket, protocol: wireProtocol, timeout: .seconds(30), choosing: choice, serverMayEnd: serverMayEnd)
    }

    func connect() throws -> RawConnection { try RawConnection(path: socket, timeout: .seconds(30)) }

    /// The server serves: a good event goes as it should, in both protocols.
    func expectService(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
        for wireProtocol in WireProtocolKind.both {
            let kong = kong(wireProtocol)
            let instance = try kong.startInstance("goplug", config: #"{"attach":true}"#)
            let calls = try kong.handleEvent(instance, "access")
            #expect(
                calls == [PDKCall("kong.service.request.set_header", ["x-goplug", "Set by custom go plugin"])],
                sourceLocation: sourceLocation)
            try kong.closeInstance(instance)
        }
    }
}

extension WireProtocolKind {
    static let both: [WireProtocolKind] = [.messagePack, .protoBuf]
}
