import Glibc
import KongClient
import PluginLoader

/// This program once more, serving plugins on a socket of its own: started and stopped as Kong does it.
struct OwnServer {
    let socket: String
    private let process: ServerProcess
    private let logFile: String
    private let prefix: TemporaryDirectory

    /// - Parameters:
    ///   - flags: for the server, besides Kong's prefix.
    ///   - prefix: what it gets for that.
    init(_ flags: [String], in prefix: TemporaryDirectory) throws {
        self.prefix = prefix
        socket = prefix.file("go_pluginserver.sock")
        logFile = prefix.file("server.log")
        process = try ServerProcess(ThisProgram.executable, ["-kong-prefix", prefix.path] + flags, errors: .file(logFile))
    }

    func waitUntilListening() throws { try process.waitUntilListening(on: socket) }

    /// How it has ended, if it does so soon; nil: it runs.
    func end(within limit: Duration) -> ProcessEnd? { try? process.waitForEnd(within: limit) }

    /// Ends it. It must end well, and leave nothing behind.
    func stop() throws {
        process.send(SIGTERM)
        let end = try process.waitForEnd()
        guard end == .exited(0) else { throw OwnServerError("the server ended with \(end) on SIGTERM, and not with status 0") }
        guard access(socket, F_OK) != 0 else { throw OwnServerError("the server left its socket behind") }
    }

    /// The lines of its log so far.
    var log: [String] {
        prefix.text(of: logFile).split(separator: "\n").map(String.init)
    }
}

/// What a server does that it must not do.
struct OwnServerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
