import Foundation
import KongClient
import Testing

/// One thing that the doctor finds, and how to come by it.
struct DoctorCase: Sendable, CustomTestStringConvertible {
    let code: String
    let severity: String
    /// Root can examine an installation for another user, and its files are open to it whatever their modes say.
    var needsRoot = false
    /// What of the finding names the case.
    var says: String = ""
    /// Changes an installation that is all right, and returns what has to live while it is examined.
    let arrange: @Sendable (inout DoctorSite) throws -> (any Sendable)?

    init(
        _ severity: String, _ code: String, needsRoot: Bool = false, says: String = "",
        _ arrange: @escaping @Sendable (inout DoctorSite) throws -> (any Sendable)?
    ) {
        self.code = code
        self.severity = severity
        self.needsRoot = needsRoot
        self.says = says
        self.arrange = arrange
    }

    var testDescription: String { "\(code), \(severity)" }

    /// Every code at least once.
    static var all: [DoctorCase] { server + prefix + plugins + socket + settings + servers + commands + kongsPlugins }

    private static func good(_ code: String) -> DoctorCase { DoctorCase("ok", code) { _ in nil } }

    // MARK: The machine

    private static var server: [DoctorCase] {
        [
            good("executable"), good("descriptor-limit"),
            DoctorCase("problem", "executable-not-for-others", needsRoot: true, says: "user nobody may not run") { site in
                let copy = site.directory.file("swift-pluginserver")
                try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
                chmod(copy, 0o700)
                site["nginx_user"] = "nobody"
                site.runner = [copy]
                return nil
            },
            DoctorCase("warning", "executable-not-for-others", says: "mode 0700") { site in
                let copy = site.directory.file("swift-pluginserver")
                try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
                chmod(copy, 0o700)
                site.runner = [copy]
                return nil
            },
            DoctorCase("warning", "descriptor-limit-low", says: "512") { site in
                site.runner = ["/bin/sh", "-c", "ulimit -n 512; exec \"$0\" \"$@\"", Program.path]
                return nil
            },
        ]
    }

    private static var prefix: [DoctorCase] {
        [
            good("prefix"), good("logs"),
            DoctorCase("problem", "prefix-missing") { site in
                try FileManager.default.removeItem(atPath: site.prefix)
                return nil
            },
            DoctorCase("problem", "prefix-not-a-directory", says: "a file") { site in
                try FileManager.default.removeItem(atPath: site.prefix)
                try "text".write(toFile: site.prefix, atomically: true, encoding: .utf8)
                return nil
            },
            DoctorCase("problem", "prefix-not-writable", says: "mode 0555") { site in
                chmod(site.prefix, 0o555)
                if geteuid() == 0 { site["nginx_user"] = "nobody" }
                return nil
            },
            DoctorCase("warning", "prefix-open", says: "mode 0777") { site in
                chmod(site.prefix, 0o777)
                return nil
            },
            DoctorCase("note", "logs-missing") { site in
                try FileManager.default.removeItem(atPath: "\(site.prefix)/logs")
                return nil
            },
            DoctorCase("warning", "logs-missing", says: "/nowhere/logs") { site in
                site.start += " --diagnostics-dir \(site.prefix)/nowhere/logs"
                return nil
            },
            DoctorCase("warning", "logs-not-writable", says: "mode 0555") { site in
                chmod(site.prefix, 0o1777)
                chmod("\(site.prefix)/logs", 0o555)
                if geteuid() == 0 { site["nginx_user"] = "nobody" }
                return nil
            },
            DoctorCase("warning", "log-file-not-writable", says: "swift-pluginserver.jsonl") { site in
                for directory in [site.prefix, "\(site.prefix)/logs"] { chmod(directory, 0o1777) }
                let file = "\(site.prefix)/logs/swift-pluginserver.jsonl"
                try "{}\n".write(toFile: file, atomically: true, encoding: .utf8)
                chmod(file, 0o444)
                if geteuid() == 0 { site["nginx_user"] = "nobody" }
                return nil
            },
        ]
    }

    private static var plugins: [DoctorCase] {
        [
            good("plugins-directory"), good("plugins"),
            DoctorCase("note", "plugins-directory-unknown") { site in
                site["pluginserver_names"] = nil
                return nil
            },
            DoctorCase("problem", "plugins-directory-refused", says: "insecure-directory") { site in
                chmod(site.plugins, 0o777)
                return nil
            },
            DoctorCase("problem", "plugins-directory-refused", says: "missing-directory") { site in
                try FileManager.default.removeItem(atPath: site.plugins)
                return nil
            },
            DoctorCase("problem", "plugins-directory-not-readable", needsRoot: true, says: "mode 0700") { site in
                chmod(site.plugins, 0o700)
                site["nginx_user"] = "nobody"
                return nil
            },
            DoctorCase("warning", "plugins-none") { site in
                try FileManager.default.removeItem(atPath: "\(site.plugins)/goplug.so")
                return nil
            },
            DoctorCase("warning", "plugins-refused", says: "text: not-elf") { site in
                try "text".write(toFile: "\(site.plugins)/text.so", atomically: true, encoding: .utf8)
                return nil
            },
        ]
    }

    private static var socket: [DoctorCase] {
        [
            good("socket-path"), good("socket-free"),
            DoctorCase("warning", "socket-path-tight", says: "104 bytes") { site in
                let stem = "\(site.prefix)/"
                site.flags += ["--socket", stem + String(repeating: "s", count: 104 - stem.utf8.count)]
                return nil
            },
            DoctorCase("problem", "socket-path-too-long", says: "108 bytes") { site in
                let stem = "\(site.prefix)/"
                site.flags += ["--socket", stem + String(repeating: "s", count: 108 - stem.utf8.count)]
                return nil
            },
            DoctorCase("problem", "socket-directory-missing") { site in
                site.flags += ["--socket", "\(site.prefix)/nowhere/s"]
                return nil
            },
            DoctorCase("problem", "socket-directory-not-writable", says: "mode 0555") { site in
                let directory = try site.directory.makeDirectory("sockets")
                chmod(directory, 0o555)
                if geteuid() == 0 { site["nginx_user"] = "nobody" }
                site.flags += ["--socket", "\(directory)/s"]
                return nil
            },
            DoctorCase("note", "socket-stale") { site in
                try DoctorSite.leaveSocket(at: site.socket)
                return nil
            },
            DoctorCase("ok", "socket-live", says: "process \(getpid()), user \(geteuid())") { site in
                try DoctorSite.openSocket(at: site.socket)
            },
            DoctorCase("problem", "socket-not-a-socket", says: "a file, 8 bytes") { site in
                try "precious".write(toFile: site.socket, atomically: true, encoding: .utf8)
                return nil
            },
            DoctorCase("warning", "socket-unknown") { site in
                try DoctorSite.openSocket(at: site.socket, type: SOCK_DGRAM)
            },
            DoctorCase("warning", "socket-leftover") { site in
                let process = try ServerProcess(Program.path, ["-version"])
                _ = try process.waitForEnd()
                try DoctorSite.leaveSocket(at: "\(site.socket).\(process.pid)")
                return nil
            },
        ]
    }

    // MARK: Kong

    private static var settings: [DoctorCase] {
        [
            good("kong-conf"), good("kong-user"), good("kong-log-level"),
            DoctorCase("note", "kong-settings-none") { site in
                site.flags = []
                return nil
            },
            DoctorCase("ok", "kong-environment", says: "KONG_LOG_LEVEL") { site in
                site.environment = ["KONG_LOG_LEVEL=debug"]
                return nil
            },
            DoctorCase("problem", "kong-conf-missing") { site in
                site.writesConfiguration = false
                return nil
            },
            DoctorCase("problem", "kong-conf-not-a-file", says: "a FIFO") { site in
                site.writesConfiguration = false
                guard mkfifo(site.configuration, 0o600) == 0 else { throw TestFailure("mkfifo: errno \(errno)") }
                return nil
            },
            DoctorCase("problem", "kong-conf-unreadable", says: "levels of symbolic links") { site in
                site.writesConfiguration = false
                try FileManager.default.createSymbolicLink(atPath: site.configuration, withDestinationPath: site.configuration)
                return nil
            },
            DoctorCase("problem", "kong-conf-too-large") { site in
                site.writesConfiguration = false
                guard FileManager.default.createFile(atPath: site.configuration, contents: nil), truncate(site.configuration, 1 << 40) == 0
                else { throw TestFailure("no large file: errno \(errno)") }
                return nil
            },
            DoctorCase("problem", "kong-conf-binary") { site in
                site.writesConfiguration = false
                try Data([0x7f, 0x45, 0x4c, 0x46, 0, 1, 0xff]).write(to: URL(fileURLWithPath: site.configuration))
                return nil
            },
            DoctorCase("warning", "kong-conf-line", says: "a line without =") { site in
                site.lines = ["plugins bundled"]
                return nil
            },
            DoctorCase("warning", "kong-conf-line", says: "a section") { site in
                site.lines = ["[kong]"]
                return nil
            },
            DoctorCase("warning", "kong-conf-twice", says: "lines 4 and 9") { site in
                site.lines = ["plugins = bundled,goplug"]
                return nil
            },
            DoctorCase("warning", "kong-quotes", says: "\"bundled,goplug\"") { site in
                site["plugins"] = "\"bundled,goplug\""
                return nil
            },
            DoctorCase("warning", "kong-user-unknown", needsRoot: true, says: "no-such-user") { site in
                site["nginx_user"] = "no-such-user"
                return nil
            },
            DoctorCase("note", "kong-log-level", says: "notice") { site in
                site["log_level"] = nil
                return nil
            },
            DoctorCase("warning", "kong-prefix-differs", says: "-kong-prefix /usr/local/kong") { site in
                site.start = "\(Program.path) --socket \(site.socket) -plugins-directory \(site.plugins)"
                return nil
            },
            DoctorCase("warning", "kong-prefix-differs", says: "was asked for") { site in
                site.flags += ["-kong-prefix", try site.directory.makeDirectory("other")]
                return nil
            },
        ]
    }

    private static var servers: [DoctorCase] {
        [
            good("kong-server"),
            DoctorCase("warning", "kong-server-none", says: "no plugin server") { site in
                site["pluginserver_names"] = nil
                return nil
            },
            DoctorCase("note", "kong-server-foreign") { site in
                site.start = "/usr/bin/python3 /srv/plugins.py"
                site.query = "/usr/bin/python3 /srv/plugins.py --dump"
                return nil
            },
            DoctorCase("warning", "kong-server-twice") { site in
                site["pluginserver_names"] = "\(DoctorSite.server), \(DoctorSite.server)"
                return nil
            },
            DoctorCase("warning", "kong-setting-unused", says: "pluginserver_other_start_cmd") { site in
                site["pluginserver_other_start_cmd"] = site.start
                return nil
            },
            DoctorCase("warning", "kong-go-settings-ignored") { site in
                site["go_plugins_dir"] = site.plugins
                return nil
            },
            DoctorCase("warning", "kong-names-ignored") { site in
                site.version = "2.2"
                return nil
            },
            DoctorCase("problem", "kong-socket-differs", says: "other.sock") { site in
                site["pluginserver_swift_plugins_socket"] = "\(site.prefix)/other.sock"
                return nil
            },
            DoctorCase("problem", "kong-start-missing") { site in
                site["pluginserver_swift_plugins_start_cmd"] = nil
                return nil
            },
            DoctorCase("problem", "kong-start-elsewhere", says: "started by swift-plugins") { site in
                site.addServer(start: nil, query: site.query)
                return nil
            },
            DoctorCase("note", "kong-start-elsewhere", says: "somebody else") { site in
                site.version = nil
                site["pluginserver_swift_plugins_start_cmd"] = nil
                return try DoctorSite.openSocket(at: site.socket)
            },
            DoctorCase("problem", "kong-start-twice") { site in
                site.addServer(start: site.start, query: site.query)
                return nil
            },
            DoctorCase("problem", "kong-start-dumps") { site in
                site.start = site.query
                return nil
            },
            DoctorCase("problem", "kong-query-missing") { site in
                site["pluginserver_swift_plugins_query_cmd"] = nil
                return nil
            },
            DoctorCase("problem", "kong-query-serves") { site in
                site.query = site.start
                return nil
            },
            DoctorCase("problem", "kong-directory-differs", says: "other") { site in
                let other = try site.directory.makeDirectory("other")
                site.query = "\(Program.path) -plugins-directory \(other) -dump"
                return nil
            },
            DoctorCase("warning", "kong-directory-not-asked") { site in
                site.flags += ["-plugins-directory", try site.directory.makeDirectory("other")]
                return nil
            },
        ]
    }

    private static var commands: [DoctorCase] {
        [
            DoctorCase("problem", "kong-command-invalid", says: "--sokcet") { site in
                site.start += " --sokcet /tmp/s"
                return nil
            },
            DoctorCase("problem", "kong-command-invalid", says: "not closed") { site in
                site.start += " --socket '/tmp/s"
                return nil
            },
            DoctorCase("problem", "kong-command-invalid", says: "around the whole command") { site in
                site.start = "'\(site.start)'"
                return nil
            },
            DoctorCase("problem", "kong-command-invalid", says: "subcommand check") { site in
                site.start = "\(Program.path) check"
                return nil
            },
            DoctorCase("note", "kong-command-shell") { site in
                site.query += " 2>/dev/null"
                return nil
            },
            DoctorCase("problem", "kong-executable-missing") { site in
                site.start = site.start.replacingOccurrences(of: Program.path, with: "/nowhere/swift-pluginserver")
                return nil
            },
            DoctorCase("problem", "kong-executable-not-permitted", says: "mode 0644") { site in
                let program = site.directory.file("swift-pluginserver")
                try "text".write(toFile: program, atomically: true, encoding: .utf8)
                chmod(program, 0o644)
                site.start = site.start.replacingOccurrences(of: Program.path, with: program)
                return nil
            },
            DoctorCase("warning", "kong-executable-differs") { site in
                let program = site.directory.file("swift-pluginserver")
                try "#!/bin/sh\n".write(toFile: program, atomically: true, encoding: .utf8)
                chmod(program, 0o755)
                site.start = site.start.replacingOccurrences(of: Program.path, with: program)
                return nil
            },
            DoctorCase("warning", "kong-relative-path", says: "the working directory") { site in
                site.start = "\(Program.path) -kong-prefix \(site.prefix)"
                return nil
            },
        ]
    }

    private static var kongsPlugins: [DoctorCase] {
        [
            good("kong-plugin"),
            DoctorCase("problem", "kong-plugins-off") { site in
                site["plugins"] = "off,goplug"
                return nil
            },
            DoctorCase("warning", "kong-plugin-not-enabled", says: "goplug") { site in
                site["plugins"] = nil
                return nil
            },
            DoctorCase("problem", "kong-plugin-not-offered", says: "noop") { site in
                try Plugins.link(["noop": "recorded_noop"], into: site.plugins)
                site["plugins"] = "bundled,goplug,noop"
                site.query += " --plugin goplug"
                return nil
            },
            DoctorCase("note", "kong-plugin-elsewhere", says: "my-lua-plugin") { site in
                site["plugins"] = "bundled,goplug,my-lua-plugin"
                return nil
            },
            DoctorCase("warning", "kong-plugin-offered-twice", says: "second") { site in
                site.addServer(start: nil, query: site.query)
                return nil
            },
            DoctorCase("problem", "kong-plugin-refused", says: "not-elf") { site in
                try "text".write(toFile: "\(site.plugins)/text.so", atomically: true, encoding: .utf8)
                site["plugins"] = "bundled,goplug,text"
                return nil
            },
            DoctorCase("problem", "kong-query-plugin-missing", says: "absent.so") { site in
                site.query += " --plugin absent"
                return nil
            },
            DoctorCase("problem", "kong-query-many-plugins", says: "goplug, noop") { site in
                try Plugins.link(["noop": "recorded_noop"], into: site.plugins)
                site.version = "3.9"
                return nil
            },
            DoctorCase("warning", "kong-query-many-plugins", says: "Kong 3.9 and later") { site in
                try Plugins.link(["noop": "recorded_noop"], into: site.plugins)
                site.version = nil
                return nil
            },
            DoctorCase("problem", "kong-protocol") { site in
                site.version = "2.8"
                return nil
            },
            DoctorCase("note", "kong-protocol", says: "Kong 2.3 to 2.8") { site in
                site.version = nil
                return nil
            },
        ]
    }
}
