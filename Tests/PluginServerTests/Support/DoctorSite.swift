import Foundation
import KongClient
import Testing

/// An installation that is all right, for one test to break.
struct DoctorSite {
    /// One finding, as `doctor --json` prints it.
    struct Finding: Decodable {
        let area: String
        let code: String
        let severity: String
        let subject: String
        let message: String
        let found: String?
        let wanted: String?
        let fix: String?
    }

    /// A plugin server's name that no program of the machine has.
    static let server = "swift-plugins"

    let directory: TemporaryDirectory
    let prefix: String
    let plugins: String
    let socket: String
    let configuration: String
    /// The lines of kong.conf.
    var settings: [(key: String, value: String)]
    /// More of them, as they are.
    var lines: [String] = []
    /// Whether they are written to the file before the doctor comes.
    var writesConfiguration = true
    var flags: [String] = []
    var version: String? = "3.4"
    var environment: [String] = []
    /// What runs the doctor, with its arguments; the program itself if empty.
    var runner: [String] = []

    init() throws {
        directory = try TemporaryDirectory()
        // For another user too there must be a way to it.
        chmod(directory.path, 0o711)
        prefix = try directory.makeDirectory("kong")
        _ = try directory.makeDirectory("kong/logs")
        plugins = try directory.makeDirectory("plugins")
        try Plugins.link(["goplug": "recorded_goplug"], into: plugins)
        socket = "\(prefix)/go_pluginserver.sock"
        configuration = directory.file("kong.conf")
        let command = "\(Program.path) -kong-prefix \(prefix) -plugins-directory \(plugins)"
        settings = [
            ("prefix", prefix), ("nginx_user", "root"), ("log_level", "info"), ("plugins", "bundled,goplug"),
            ("pluginserver_names", Self.server), ("pluginserver_swift_plugins_socket", socket),
            ("pluginserver_swift_plugins_start_cmd", command), ("pluginserver_swift_plugins_query_cmd", "\(command) -dump"),
        ]
        flags = ["--kong-conf", configuration]
    }

    /// A setting; nil: it is not set.
    subscript(key: String) -> String? {
        get { settings.first { $0.key == key }?.value }
        set {
            let index = settings.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): settings[index].value = value
            case (let index?, nil): settings.remove(at: index)
            case (nil, let value?): settings.append((key, value))
            case (nil, nil): break
            }
        }
    }

    var start: String {
        get { self["pluginserver_swift_plugins_start_cmd"] ?? "" }
        set { self["pluginserver_swift_plugins_start_cmd"] = newValue }
    }

    var query: String {
        get { self["pluginserver_swift_plugins_query_cmd"] ?? "" }
        set { self["pluginserver_swift_plugins_query_cmd"] = newValue }
    }

    /// A second plugin server, on the same socket.
    mutating func addServer(start: String?, query: String) {
        self["pluginserver_names"] = "\(Self.server),second"
        self["pluginserver_second_socket"] = socket
        self["pluginserver_second_start_cmd"] = start
        self["pluginserver_second_query_cmd"] = query
    }

    func examine() throws -> (findings: [Finding], end: ProcessEnd) {
        let run = try run(["--json"])
        let findings = try JSONDecoder().decode([Finding].self, from: Data(run.output))
        return (findings, run.end)
    }

    func run(_ more: [String] = []) throws -> Program {
        if writesConfiguration {
            let text = settings.map { "\($0.key) = \($0.value)" } + lines
            try (text.joined(separator: "\n") + "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
        }
        let arguments = ["doctor"] + flags + (version.map { ["--kong-version", $0] } ?? []) + more
        guard let first = runner.first else { return try Program(arguments, environment: environment) }
        return try Program(runner.dropFirst() + arguments, environment: environment, executable: first)
    }

    /// Makes a unix socket, as a server that was killed leaves it.
    static func leaveSocket(at path: String) throws { try openSocket(at: path).close() }

    /// Makes a unix socket that is there while it is open, and listens if it is of the kind that can.
    static func openSocket(at path: String, type: __socket_type = SOCK_STREAM) throws -> FileHandle {
        let descriptor = Foundation.socket(AF_UNIX, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: errno \(errno)") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw TestFailure("\(path) is too long") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard result == 0, type != SOCK_STREAM || listen(descriptor, 8) == 0 else { throw TestFailure("bind or listen: errno \(errno)") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
