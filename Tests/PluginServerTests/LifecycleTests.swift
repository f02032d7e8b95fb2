import Foundation
import KongClient
import Synchronization
import Testing
import WireProtocol

/// How the server starts and ends.
@Suite struct LifecycleTests {
    @Test(arguments: WireProtocolKind.both)
    func aRunningEventFinishesBeforeTheServerEnds(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let kong = server.kong(wireProtocol, serverMayClose: true)
            let instance = try kong.startInstance("misbehaving", config: #"{"mode":"ask","text":"it"}"#)
            // SIGTERM comes while the event waits for Kong: the answer, and the end of the event, come after it.
            let calls = try kong.handleEvent(instance, "access") { _ in
                server.process.send(SIGTERM)
                try server.waitForLog("shutting down")
                return .value("the host")
            }
            #expect(calls.map(\.method) == ["kong.request.get_header"])
            try server.waitForLog("it got the host")
            #expect(try server.process.waitForEnd() == .exited(0))
        }
    }

    /// Kong finishes its requests on the connections that it has, and would finish them without the plugin.
    @Test(arguments: WireProtocolKind.both)
    func connectionsThatAreThereAreServedAsLongAsAnEventRuns(_ wireProtocol: WireProtocolKind) throws {
        try TestServer.run(Plugins.goodAndBad) { server in
            let (kong, other) = (server.kong(wireProtocol), server.kong(wireProtocol))
            let slow = try kong.startInstance("misbehaving", config: #"{"mode":"ask","text":"it"}"#)
            let quick = try other.startInstance("goplug", config: #"{"attach":true}"#)
            _ = try kong.handleEvent(slow, "access") { _ in
                server.process.send(SIGTERM)
                try server.waitForLog("shutting down")
                for _ in 0..<3 {
                    guard try other.handleEvent(quick, "access").count == 1 else { throw TestFailure("it is not handled") }
                }
                // Nobody who comes now is.
                guard (try? server.kong(wireProtocol).handleEvent(quick, "access")) == nil else { throw TestFailure("a new connection is served") }
                return .value("the host")
            }
            #expect(try server.process.waitForEnd() == .exited(0))
        }
    }

    @Test func instancesAreShutDownBeforeTheServerEnds() throws {
        let server = try TestServer(Plugins.goodAndBad)
        let kong = server.kong(.protoBuf)
        for name in ["a", "b"] {
            _ = try kong.startInstance("misbehaving", config: #"{"text":"\#(name)"}"#)
        }
        try server.stop()
        #expect(server.log.contains("instance a shut down"))
        #expect(server.log.contains("instance b shut down"))
    }

    @Test func anEventThatDoesNotFinishIsNotWaitedForWithoutEnd() throws {
        let server = try TestServer(Plugins.goodAndBad, flags: ["--shutdown-timeout", "0.2", "--loops", "1"])
        let connection = try server.connect()
        let kong = server.kong(.messagePack)
        let instance = try kong.startInstance("misbehaving", config: #"{"mode":"sleep","count":3600000}"#)
        var request = ByteQueue()
        request.appendMessagePack(arrayCount: 4)
        request.appendMessagePack(Int64(0))
        request.appendMessagePack(Int64(1))
        request.appendMessagePack(string: "plugin.HandleEvent")
        request.appendMessagePack(arrayCount: 1)
        request.appendMessagePack(mapCount: 2)
        request.appendMessagePack(string: "InstanceId")
        request.appendMessagePack(Int64(instance))
        request.appendMessagePack(string: "EventName")
        request.appendMessagePack(string: "access")
        try connection.send(Array(request.bytes))
        // One loop: the answer to a later request on another connection says that this one has been taken in.
        _ = try kong.instanceStatus(instance)
        try server.stop()
        #expect(server.log.split(separator: "\n").count { $0.contains("have not finished in time") } == 1)
    }

    /// Kong would start it anew, on a server that is about to end.
    @Test func whoIsStillConnectedIsNotToldThatItsInstanceIsUnknown() throws {
        let server = try TestServer(Plugins.goodAndBad)
        let instance = try server.kong(.messagePack).startInstance(
            "misbehaving", config: #"{"mode":"shutdown sleeps","count":1000}"#)
        let connection = try server.connect()
        server.process.send(SIGTERM)
        try server.waitForLog("shutting down")
        // As long as the connection is open, events are served: the instance is there.
        var answers = ""
        do {
            while true {
                try connection.send(
                    MessagePack.request(1, "plugin.HandleEvent", ["InstanceId": .integer(instance), "EventName": "nonsense"]))
                answers += try String(decoding: connection.receiveMessagePack(), as: UTF8.self)
            }
        } catch is KongClientError {}
        #expect(!answers.contains("No plugin instance"))
        #expect(try server.process.waitForEnd(within: .seconds(60)) == .exited(0))
        #expect(server.log.contains("shut down"))
    }

    @Test func theServerEndsWhenTheProcessThatStartedItDoes() throws {
        let directory = try TemporaryDirectory()
        let parent = try Self.startFromScript(in: directory)
        let pid = try #require(pid_t(directory.text(of: "pid").trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(directory.text(of: "log").contains("use --outlive-parent"))
        parent.send(SIGKILL)
        _ = try parent.waitForEnd()
        // Its parent is gone, so nobody here can wait for it: a process that has ended takes no signal, or is a zombie.
        #expect(eventually { kill(pid, 0) != 0 || Self.isZombie(pid) })
        #expect(directory.text(of: "log").contains("has ended; shutting down"))
        #expect(!FileManager.default.fileExists(atPath: directory.file("go_pluginserver.sock")))
    }

    @Test func aServerThatIsToOutliveItsParentServesOn() throws {
        let directory = try TemporaryDirectory()
        let parent = try Self.startFromScript(in: directory, flags: "--outlive-parent")
        let pid = try #require(pid_t(directory.text(of: "pid").trimmingCharacters(in: .whitespacesAndNewlines)))
        defer { kill(pid, SIGKILL) }
        #expect(directory.text(of: "log").contains("serves on when process"))
        parent.send(SIGKILL)
        _ = try parent.waitForEnd()
        // The loop that accepts is the one that would be told: with the second connection at the latest it has been.
        for _ in 0..<3 {
            let kong = KongClient(socketPath: directory.file("go_pluginserver.sock"), protocol: .protoBuf, timeout: .seconds(30))
            #expect(try kong.getPluginInfo("goplug")["Version"] != nil)
        }
        #expect(!directory.text(of: "log").contains("shutting down"))
        kill(pid, SIGTERM)
        #expect(eventually { kill(pid, 0) != 0 || Self.isZombie(pid) })
        #expect(directory.text(of: "log").contains("signal 15; shutting down"))
    }

    /// A server whose parent is a shell that waits for it.
    private static func startFromScript(in directory: TemporaryDirectory, flags: String = "") throws -> ServerProcess {
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.link(Plugins.recorded, into: plugins)
        let script = """
            \(Program.path) \(flags) -kong-prefix \(directory.path) -plugins-directory \(plugins) 2>\(directory.file("log")) &
            echo $! >\(directory.file("pid"))
            wait
            """
        let parent = try ServerProcess("/bin/sh", ["-c", script])
        try parent.waitUntilListening(on: directory.file("go_pluginserver.sock"), within: .seconds(60))
        return parent
    }

    private static func isZombie(_ pid: pid_t) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
        return status?.contains(") Z ") ?? true
    }

    @Test func theSocketOfAKilledServerIsTakenOver() throws {
        let first = try TestServer()
        first.process.send(SIGKILL)
        #expect(try first.process.waitForEnd() == .killed(signal: SIGKILL))
        #expect(FileManager.default.fileExists(atPath: first.socket))
        let second = try ServerProcess(
            Program.path, ["-kong-prefix", first.directory.path, "-plugins-directory", first.plugins],
            errors: .file(first.directory.file("log")))
        try second.waitUntilListening(on: first.socket, within: .seconds(60))
        try first.expectService()
        #expect(!first.log.contains("is taken from"))
        second.send(SIGTERM)
        #expect(try second.waitForEnd() == .exited(0))
    }

    /// Requests that come before the first worker has opened its plugins. Kong 2.8 never recovers from a refused one.
    @Test(arguments: WireProtocolKind.both)
    func connectionsWaitForTheFirstWorker(_ wireProtocol: WireProtocolKind) throws {
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        let gate = directory.file("gate")
        try Plugins.link(Plugins.recorded, into: plugins)
        try CSource(opening: #"while (access("\#(gate)", F_OK) != 0) usleep(10000);"#).build(to: "\(plugins)/slow.so")
        let server = try ServerProcess(
            Program.path, ["-kong-prefix", directory.path, "-plugins-directory", plugins, "--probe-timeout", "60"],
            errors: .file(directory.file("log")))
        let socket = directory.file("go_pluginserver.sock")
        try server.waitUntilListening(on: socket, within: .seconds(60))
        let calls = Mutex<Result<[PDKCall], any Error>?>(nil)
        let thread = Thread {
            let kong = KongClient(socketPath: socket, protocol: wireProtocol, timeout: .seconds(60))
            let result = Result { try kong.handleEvent(try kong.startInstance("goplug", config: #"{"attach":true}"#), "access") }
            calls.withLock { $0 = result }
        }
        thread.start()
        #expect(!directory.text(of: "log").contains("serves \(socket)"))
        #expect(FileManager.default.createFile(atPath: gate, contents: nil))
        #expect(eventually(within: .seconds(60)) { thread.isFinished })
        #expect(try calls.withLock { $0 }?.get().map(\.method) == ["kong.service.request.set_header"], "\(directory.text(of: "log"))")
        server.send(SIGTERM)
        #expect(try server.waitForEnd() == .exited(0))
    }

    @Test func aServerThatCannotStartLeavesNoSocket() throws {
        let directory = try TemporaryDirectory()
        let server = try ServerProcess(
            Program.path, ["-kong-prefix", directory.path, "-plugins-directory", directory.file("nowhere")],
            errors: .file(directory.file("log")))
        #expect(try server.waitForEnd(within: .seconds(60)) == .exited(1))
        #expect(!FileManager.default.fileExists(atPath: directory.file("go_pluginserver.sock")))
    }

    @Test func onAReloadTheNewServersSocketStays() throws {
        try TestServer.run { new in
            // The server that is about to go listens on the same path, as Kong's old one does.
            let old = try ServerProcess(
                Program.path, ["-plugins-directory", new.plugins, "--socket", new.socket],
                errors: .file(new.directory.file("old-log")))
            #expect(eventually(within: .seconds(60)) { new.directory.text(of: "old-log").contains("listens on") })
            let lines = new.directory.text(of: "old-log").split(separator: "\n").filter { $0.contains("is taken from") }
            #expect(lines.count == 1)
            #expect(
                lines.first?.contains("[warning] \(new.socket) is taken from process \(new.process.pid) of user \(geteuid()),") == true,
                "\(lines)")
            #expect(!new.log.contains("is taken from"))
            // A third takes over from it, and it goes.
            let third = try ServerProcess(
                Program.path, ["-plugins-directory", new.plugins, "--socket", new.socket],
                errors: .file(new.directory.file("third-log")))
            #expect(eventually(within: .seconds(60)) { new.directory.text(of: "third-log").contains("listens on") })
            old.send(SIGTERM)
            #expect(try old.waitForEnd() == .exited(0))
            try new.expectService()
            third.send(SIGTERM)
            #expect(try third.waitForEnd() == .exited(0))
        }
    }

    /// Kong's old worker has connections to the old server, and goes on starting instances there.
    @Test func anOldServerThatIsAskedForAnInstanceEnds() throws {
        let old = try TestServer()
        let kong = old.kong(.messagePack)
        let instance = try kong.startInstance("goplug", config: "{}")
        let new = try ServerProcess(
            Program.path, ["-kong-prefix", old.directory.path, "-plugins-directory", old.plugins],
            errors: .file(old.directory.file("new-log")))
        #expect(eventually(within: .seconds(60)) { old.directory.text(of: "new-log").contains("listens on") })
        // Its connection is open, and its instances are served to the end.
        #expect(try kong.handleEvent(instance, "access") == [])
        // It ends with the answer, and the connection with it.
        _ = try? kong.startInstance("goplug", config: #"{"attach":true}"#)
        #expect(try old.process.waitForEnd(within: .seconds(60)) == .exited(0))
        #expect(old.log.contains("another server has taken \(old.socket)"))
        try old.expectService()
        new.send(SIGTERM)
        #expect(try new.waitForEnd() == .exited(0))
    }

    /// Kong's new workers begin before the new server listens.
    @Test(arguments: WireProtocolKind.both)
    func instancesOfTheOldServerGoOnInTheNewOne(_ wireProtocol: WireProtocolKind) throws {
        let old = try TestServer()
        let oldKong = old.kong(wireProtocol, serverMayClose: true)
        let config = #"{"attach":true}"#
        let early = try oldKong.startInstance("goplug", config: config)
        let new = try ServerProcess(
            Program.path, ["-kong-prefix", old.directory.path, "-plugins-directory", old.plugins],
            errors: .file(old.directory.file("new-log")))
        #expect(eventually(within: .seconds(60)) { old.directory.text(of: "new-log").contains("serves \(old.socket)") })
        let newKong = old.kong(wireProtocol)
        let calls = [PDKCall("kong.service.request.set_header", ["x-goplug", "Set by custom go plugin"])]
        #expect(try newKong.handleEvent(early, "access") == calls)
        // Over a connection that Kong has had before; it is the last thing that the old one does.
        let late = try oldKong.startInstance("goplug", config: config)
        #expect(try old.process.waitForEnd(within: .seconds(60)) == .exited(0))
        #expect(try newKong.handleEvent(late, "access") == calls)
        #expect(!old.directory.text(of: "new-log").contains("No plugin instance"))
        new.send(SIGTERM)
        #expect(try new.waitForEnd() == .exited(0))
    }

    @Test func clientsNeverSeeTheSocketMissingWhileServersTakeOver() throws {
        let first = try TestServer()
        let isOver = Atomic(false)
        let attempts = Atomic(0)
        let failures = Mutex<[String]>([])
        let socket = first.socket
        let thread = Thread {
            while !isOver.load(ordering: .relaxed) {
                attempts.add(1, ordering: .relaxed)
                do { try RawConnection(path: socket).close() } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        thread.start()
        var servers = [first.process]
        for number in 0..<3 {
            let log = first.directory.file("log-\(number)")
            let next = try ServerProcess(
                Program.path, ["-plugins-directory", first.plugins, "--socket", socket], errors: .file(log))
            #expect(
                eventually(within: .seconds(60)) {
                    String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self).contains("listens on")
                })
            servers.append(next)
            servers[number].send(SIGTERM)
            #expect(try servers[number].waitForEnd(within: .seconds(60)) == .exited(0))
        }
        isOver.store(true, ordering: .relaxed)
        #expect(eventually { thread.isFinished })
        #expect(attempts.load(ordering: .relaxed) > 0)
        #expect(failures.withLock { $0 } == [])
        servers.last?.send(SIGTERM)
        #expect(try servers.last?.waitForEnd() == .exited(0))
    }

    @Test func aLogThatNobodyReadsDoesNotStopTheServer() throws {
        // As Kong 2.2 does it: a pipe, and nobody at its other end who reads.
        var pipe: [Int32] = [-1, -1]
        try #require(Foundation.pipe(&pipe) == 0)
        defer { for end in pipe { close(end) } }
        let directory = try TemporaryDirectory()
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.link(Plugins.recorded, into: plugins)
        let process = try ServerProcess(
            Program.path, ["-kong-prefix", directory.path, "-plugins-directory", plugins], errors: .descriptor(pipe[1]))
        let socket = directory.file("go_pluginserver.sock")
        try process.waitUntilListening(on: socket, within: .seconds(60))
        let kong = KongClient(socketPath: socket, protocol: .messagePack, timeout: .seconds(30))
        // Two lines each: more than the 64 KiB that a pipe holds.
        for _ in 0..<1500 {
            try kong.closeInstance(try kong.startInstance("goplug", config: "{}"))
        }
        process.send(SIGTERM)
        #expect(try process.waitForEnd() == .exited(0))
    }

    @Test func aSocketPathThatIsTooLongIsAClearError() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file(String(repeating: "x", count: 120))
        let run = try Program(["-plugins-directory", directory.path, "--socket", path])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("cannot listen on \(path)"))
        #expect(run.errors.contains("File name too long\n  fix: name a shorter path, of 107 bytes at most: --socket PATH\n"))
    }

    @Test func aFileInTheSocketsPlaceIsLeftAlone() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("go_pluginserver.sock")
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Program(["-kong-prefix", directory.path, "-plugins-directory", directory.path])
        #expect(run.end == .exited(1))
        #expect(run.errors.contains("cannot listen on \(path)"))
        #expect(run.errors.contains("\n  fix: what is there is no socket, and is left as it is; move it away: mv \(path) \(path).old\n"))
        #expect(directory.text(of: "go_pluginserver.sock") == "precious")
    }

    @Test func aPrefixThatDoesNotExistIsAClearError() throws {
        let directory = try TemporaryDirectory()
        let run = try Program(["-kong-prefix", directory.file("nope"), "-plugins-directory", directory.path])
        #expect(run.end == .exited(1))
        let path = directory.file("nope/go_pluginserver.sock")
        #expect(run.errors.contains("cannot listen on \(path): bind \(path): No such file or directory"))
        #expect(run.errors.contains("\n  fix: make the directory, mkdir -p \(directory.file("nope")), or name another: -kong-prefix PATH or --socket PATH\n"))
    }
}
