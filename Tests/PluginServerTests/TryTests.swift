import Foundation
import KongClient
import Testing
import WireProtocol

/// `try`: one request through one plugin, told to people and to programs.
@Suite struct TryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let misbehaving = "\(Program.folder)/libmisbehaving.so"
    private static let goplug = "\(Program.folder)/librecorded_goplug.so"
    static let protocols = ["protobuf", "messagepack"]

    private func json(_ run: Program) throws -> Outcome {
        try #require(run.outputText.first == "{", "\(run.outputText)\n\(run.errors)")
        return try JSONDecoder().decode(Outcome.self, from: Data(run.output))
    }

    private func played(_ plugin: String, _ config: String = "{}", _ flags: [String] = []) throws -> (ProcessEnd, Outcome) {
        let run = try Program(["try", plugin, "--config", config, "--json"] + flags)
        return (run.end, try json(run))
    }

    // MARK: Plugins that do as they should

    @Test(arguments: protocols)
    func whatReachesServiceAndClient(_ wireProtocol: String) throws {
        let (end, outcome) = try played(
            Self.goplug, #"{"attach":true}"#, ["--protocol", wireProtocol, "--request", "POST /a/b?c=1", "-H", "X-Mine: yes"])
        #expect(end == .exited(0))
        #expect(outcome.failure == nil)
        #expect(outcome.plugin?.name == "recorded_goplug")
        #expect(outcome.plugin?.phases == ["access", "response"])
        #expect(outcome.protocol == (wireProtocol == "protobuf" ? "ProtoBuf:1" : "MsgPack:1"))
        #expect(outcome.service?.start == "POST /a/b?c=1 HTTP/1.1")
        #expect(outcome.service?.start_changed == false)
        #expect(outcome.service?.target == "http://service.test:80")
        #expect(
            outcome.service?.headers == [
                .init("Host", "service.test"), .init("X-Mine", "yes"), .init("x-goplug", "Set by custom go plugin", "added"),
            ])
        #expect(outcome.client?.start == "200")
        #expect(outcome.client?.headers.map(\.change) == ["added"])
        #expect(outcome.phases.map(\.name) == ["access", "response"])
        #expect(outcome.phases.allSatisfy { $0.ran && $0.microseconds > 0 })
        let call = try #require(outcome.phases.first?.calls.first)
        #expect(call.method == "kong.service.request.set_header")
        #expect(call.arguments == ["x-goplug", "Set by custom go plugin"])
        #expect(call.microseconds <= outcome.phases[0].microseconds)
        #expect(outcome.server_log.contains { $0.contains("loaded plugin recorded_goplug 1.0.0") })
        #expect(outcome.log.isEmpty)
    }

    @Test func theReportForPeopleHasTheSame() throws {
        let run = try Program(["try", Self.goplug, "--config", #"{"attach":true}"#])
        #expect(run.end == .exited(0))
        let lines = run.outputText.split(separator: "\n")
        #expect(lines.first == "recorded_goplug 1.0.0 from \(Self.goplug), over ProtoBuf:1")
        #expect(lines.contains(#"  {"attach":true}"#))
        #expect(lines.contains("    GET / HTTP/1.1"))
        #expect(lines.contains("  + x-goplug: Set by custom go plugin"))
        #expect(lines.contains { $0.wholeMatch(of: /Phase access: 1 call, 1 round trip, \d+ µs/) != nil })
        #expect(
            lines.contains {
                $0.wholeMatch(of: /\ +\d+ µs  kong\.service\.request\.set_header\("x-goplug", "Set by custom go plugin"\)/) != nil
            })
        #expect(lines.last == "ok: the plugin has not failed")
        #expect(run.errors == "")
    }

    @Test func roundTripsAreThoseOfTheProtocol() throws {
        // Three calls that are asked for at once, and one that nobody waits for.
        for (wireProtocol, trips) in zip(Self.protocols, [2, 5]) {
            let (_, outcome) = try played(
                Self.misbehaving, #"{"mode":"side by side"}"#, ["--protocol", wireProtocol, "--phase", "access"])
            #expect(outcome.phases.map(\.round_trips) == [trips], "\(wireProtocol)")
            #expect(outcome.phases.first?.calls.map(\.outcome) == ["value", "value", "value", "nothing"])
            #expect(outcome.phases.first?.calls.compactMap(\.result) == ["localhost", "GET", "/"])
        }
    }

    @Test(arguments: protocols)
    func aPluginThatAnswersTheClientHasNotFailed(_ wireProtocol: String) throws {
        let (end, outcome) = try played(Self.misbehaving, #"{"mode":"exit"}"#, ["--protocol", wireProtocol])
        #expect(end == .exited(0))
        #expect(outcome.client?.start == "418")
        #expect(outcome.client?.start_changed == true)
        #expect(outcome.client?.body == "teapot")
        #expect(outcome.service == nil)
        #expect(outcome.phases.map(\.name) == ["rewrite", "access", "response", "log"])
        #expect(outcome.phases.map(\.ran) == [true, true, false, true])
        #expect(outcome.phases[1].calls.last?.outcome == "exits")
        #expect(outcome.log == [.init(level: "notice", text: "rewrite"), .init(level: "notice", text: "log")])
    }

    @Test func bodiesComeFromTextAndFiles() throws {
        let file = directory.file("body")
        try Data([0xff, 0x00, 0x41]).write(to: URL(fileURLWithPath: file))
        let (_, bytes) = try played(
            Self.misbehaving, #"{"mode":"echo body"}"#, ["--request", "PUT /", "--body", "@\(file)", "--service-echo", "--phase", "access"])
        #expect(bytes.service?.body_base64 == Data([0xff, 0x00, 0x41]).base64EncodedString())
        #expect(bytes.service?.body_changed == false)
        #expect(bytes.service?.headers.contains(.init("Content-Length", "3")) == true)
        #expect(bytes.client?.body_base64 == bytes.service?.body_base64)

        let config = directory.file("config.json")
        try #"{"mode":"big body","count":5}"#.write(toFile: config, atomically: true, encoding: .utf8)
        let run = try Program([
            "try", Self.misbehaving, "--config", "@\(config)", "--body", "text", "--json", "--service-status", "404", "--service-body", "none",
            "--service-header", "X-Service: a:b",
        ])
        let changed = try json(run)
        #expect(changed.service?.body_size == 5)
        #expect(changed.service?.body_changed == true)
        #expect(changed.client?.start == "404")
        #expect(changed.client?.body == "none")
        #expect(changed.client?.headers == [.init("X-Service", "a:b"), .init("x-phase", "response", "added")])
    }

    @Test func aConfigurationGetsItsDefaults() throws {
        let run = try Program(["try", Self.misbehaving, "--config", #"{"count":3}"#, "--json"])
        let object = try JSONSerialization.jsonObject(with: Data(run.output)) as? [String: Any]
        #expect(object?["config"] as? NSDictionary == ["count": 3, "mode": "", "text": ""])
        // What docs/try.md promises; without a failure there is no key for it.
        #expect(
            Set(object?.keys.map(\.self) ?? []) == ["plugin", "protocol", "config", "phases", "service", "client", "log", "server_log"])
    }

    @Test func aPluginIsFoundByNameInADirectory() throws {
        let plugins = try directory.makeDirectory("plugins")
        try Plugins.link(["mine": "recorded_noop"], into: plugins)
        let (end, outcome) = try played("mine", "{}", ["--plugins-directory", plugins])
        #expect(end == .exited(0))
        #expect(outcome.plugin?.path == "\(plugins)/mine.so")
        let (missingEnd, missing) = try played("other", "{}", ["--plugins-directory", plugins])
        #expect(missingEnd == .exited(1))
        #expect(missing.failure?.kind == "not-loaded")
        #expect(missing.failure?.reason.contains("[missing-file]") == true)
        // Beside the program: what `swift build` has made.
        #expect(try played("recorded_noop").0 == .exited(0))
        #expect(try played("no-such-plugin").1.failure?.reason.contains(Program.folder) == true)
    }

    // MARK: Plugins that fail

    @Test(arguments: protocols)
    func aHandlerThatThrowsIsAFailureAndStatus500(_ wireProtocol: String) throws {
        let (end, outcome) = try played(Self.misbehaving, #"{"mode":"throw","text":"no luck"}"#, ["--protocol", wireProtocol])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "handler")
        #expect(outcome.failure?.reason == "the access handler has failed: no luck")
        #expect(outcome.failure?.fix.isEmpty == false)
        #expect(outcome.client?.start == "500")
        // Kong logs all the same, and there the handler fails too.
        #expect(outcome.log.filter { $0.level == "err" }.map(\.text) == ["access", "log"].map { "misbehaving: \($0) handler failed: no luck" })
        #expect(outcome.server_log.contains { $0.hasSuffix("[error] misbehaving: access failed: no luck") })
    }

    @Test(arguments: protocols)
    func aPluginThatCannotBeStartedSaysWhy(_ wireProtocol: String) throws {
        let (end, outcome) = try played(Self.misbehaving, #"{"mode":"init throws","text":"no: luck"}"#, ["--protocol", wireProtocol])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "start")
        #expect(outcome.failure?.reason == "misbehaving could not be started: cannot start: no: luck")
        #expect(outcome.phases.isEmpty)
    }

    @Test(arguments: protocols, [("*(volatile int *)0 = 1;", "signal 11"), ("_exit(3);", "exit status 3")])
    func aPluginThatEndsTheServerIsNamed(_ wireProtocol: String, _ crash: (code: String, end: String)) throws {
        try CPlugin.compile(crash.code, named: "crashing", into: directory.path)
        let (end, outcome) = try played(directory.file("crashing.so"), "{}", ["--protocol", wireProtocol])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "crash")
        #expect(outcome.failure?.reason == "the server has ended with \(crash.end) while crashing handled access")
    }

    @Test(arguments: protocols)
    func aPluginThatDoesNotAnswerIsGivenUp(_ wireProtocol: String) throws {
        try CPlugin.compile("return NULL;", named: "silent", into: directory.path)
        let (end, outcome) = try played(directory.file("silent.so"), "{}", ["--protocol", wireProtocol, "--timeout", "0.3"])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "timeout")
    }

    @Test(arguments: protocols)
    func aCallThatKongRefusesIsNamed(_ wireProtocol: String) throws {
        let code = """
            kong_value status = {.type = KONG_INTEGER};
            status.integer = 9999;
            host->call(host, e, host->find_method(host, text("kong.response.set_status")), &status, 1, NULL, NULL, NULL);
            host->finish(host, e, KONG_OK, text(""));
            """
        try CPlugin.compile(code, named: "calling", into: directory.path)
        let (end, outcome) = try played(directory.file("calling.so"), "{}", ["--protocol", wireProtocol, "--log-level", "error"])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "call")
        #expect(outcome.failure?.reason == "Kong raises an error for kong.response.set_status(9999): code must be a number between 100 and 599")
        #expect(outcome.client?.start == "500")
        #expect(outcome.phases.first?.calls.first?.outcome == "raised")
    }

    @Test func aFileThatIsRefusedSaysSo() throws {
        try "text".write(toFile: directory.file("text.so"), atomically: true, encoding: .utf8)
        let (end, outcome) = try played(directory.file("text.so"))
        #expect(end == .exited(1))
        #expect(outcome.plugin == nil)
        #expect(outcome.failure?.kind == "not-loaded")
        #expect(outcome.failure?.reason.contains("[not-elf]") == true)
        let run = try Program(["try", directory.file("text.so")])
        #expect(run.outputText.contains("  fix: "))
    }

    /// Ubuntu's umask lets groups write to what is built: whoever names such a file means it all the same.
    @Test func aFileThatOthersMayWriteToIsTakenIfItIsNamed() throws {
        let plugins = try directory.makeDirectory("plugins")
        try FileManager.default.copyItem(atPath: Self.goplug, toPath: "\(plugins)/mine.so")
        try FileManager.default.setAttributes([.posixPermissions: 0o775], ofItemAtPath: "\(plugins)/mine.so")
        let (end, outcome) = try played("\(plugins)/mine.so")
        #expect(end == .exited(0))
        #expect(outcome.server_log.contains { $0.contains("insecure-file") })
        #expect(try played("mine", "{}", ["--plugins-directory", plugins]).1.failure?.reason.contains("[insecure-file]") == true)
    }

    // MARK: What is asked for

    @Test(arguments: [
        (#"{"mde":"x"}"#, "schema violation (config.mde: unknown field)", "config.mde: write \"mode\""),
        (#"{"count":"x","mode":1}"#, "2 schema violations (config.count: expected an integer; config.mode: expected a string)", "config.count is"),
        ("[1]", "schema violation (config: expected a record)", "--config"), ("{", "the configuration is no JSON", "{"),
    ])
    func aConfigurationThatKongWouldRefuseIsRefusedInKongsWords(_ config: String, _ reason: String, _ fix: String) throws {
        let (end, outcome) = try played(Self.misbehaving, config)
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "config")
        #expect(outcome.failure?.reason.contains(reason) == true, "\(outcome.failure?.reason ?? "")")
        #expect(outcome.failure?.fix.contains(fix) == true, "\(outcome.failure?.fix ?? "")")
        #expect(outcome.server_log.isEmpty, "no server is needed for that")
    }

    @Test func aPhaseThatThePluginDoesNotHandleIsAnError() throws {
        let (end, outcome) = try played(Self.goplug, "{}", ["--phase", "log"])
        #expect(end == .exited(1))
        #expect(outcome.failure?.kind == "phase")
        #expect(try played(Self.misbehaving, "{}", ["--phase", "log", "--phase", "rewrite"]).1.phases.map(\.name) == ["rewrite", "log"])
    }

    @Test func aConsumerIsWhoTheClientIs() throws {
        let caller = "\(Program.folder)/libcaller.so"
        let (_, outcome) = try played(
            caller, #"{"method":"kong.client.get_consumer"}"#, ["--consumer", "jane", "--phase", "access"])
        let call = try #require(outcome.phases.first?.calls.first { $0.method == "kong.client.get_consumer" })
        #expect(call.outcome == "value")
        let run = try Program(["try", caller, "--config", #"{"method":"kong.client.get_consumer"}"#, "--consumer", "jane", "--phase", "access"])
        #expect(run.outputText.contains(#""username": "jane""#))
    }

    @Test(arguments: [
        ["--request", "GET"], ["--request", "GET / x"], ["--request", "G(T /"], ["-H", "no colon"], ["-H", ": x"], ["-H", "a: b\r\nc: d"],
        ["--service-status", "99"], ["--service-echo", "--service-body", "x"], ["--timeout", "0"], ["--phase", "acces"],
        ["--protocol", "http"],
    ])
    func flagsThatMeanNothingAreErrorsOfUse(_ flags: [String]) throws {
        let run = try Program(["try", Self.goplug] + flags)
        #expect(run.end == .exited(64), "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(flags[0]) || run.errors.contains("--service-echo"))
    }

    /// Swift's strings have no place for such bytes, so that a shell has to give them.
    @Test func whatIsNoTextIsRefusedAndNotReplaced() throws {
        let run = try Program(
            ["-c", #""$0" try "$1" --phase access -H "X-Odd: $(printf 'a\377')""#, Program.path, Self.goplug], executable: "/bin/sh")
        #expect(run.end == .exited(64))
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("argument 6 is not UTF-8"), "\(run.errors)")
    }

    @Test func aBodyMayComeFromAPipe() throws {
        let run = try Program(
            ["-c", #"printf 'from a pipe' | "$0" try "$1" --phase access --json --body @/dev/stdin"#, Program.path, Self.goplug],
            executable: "/bin/sh")
        #expect(try json(run).service?.body == "from a pipe", "\(run.errors)")
    }

    @Test(arguments: [
        ("/nowhere/to be found", "/nowhere/to be found cannot be read: No such file or directory"), ("/tmp", "/tmp cannot be read: Is a directory"),
        ("/dev/zero", "/dev/zero cannot be read: it holds more than 67108864 bytes"),
    ])
    func aFileThatCannotBeReadIsAFailureLikeOthers(_ file: String, _ reason: String) throws {
        for flag in ["--body", "--service-body"] {
            let (end, outcome) = try played(Self.goplug, "{}", [flag, "@\(file)"])
            #expect(end == .exited(1))
            #expect(outcome.failure?.kind == "file")
            #expect(outcome.failure?.reason == reason)
        }
        let run = try Program(["try", Self.goplug, "--config", "@\(file)"])
        #expect(run.end == .exited(1))
        #expect(run.outputText.contains(reason) && run.outputText.contains("  fix: "), "\(run.outputText)")
    }

    @Test func nothingIsLeftBehind() throws {
        func left() throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.hasPrefix("swift-pluginserver-try") })
        }
        let before = try left()
        _ = try played(Self.goplug)
        _ = try played(Self.misbehaving, #"{"mode":"init throws"}"#)
        #expect(try left().subtracting(before) == [])
    }
}

/// What `try --json` prints, by the keys that docs/try.md promises.
private struct Outcome: Decodable {
    struct Plugin: Decodable {
        let name, version, path: String
        let priority: Int
        let phases: [String]
    }

    struct Phase: Decodable {
        let name: String
        let ran: Bool
        let calls: [Call]
        let round_trips: Int
        let microseconds: Int
    }

    struct Call: Decodable {
        let method: String
        let arguments: [Plain]
        let outcome: String
        let result: Plain?
        let error: String?
        let microseconds: Int
    }

    struct Message: Decodable {
        let start: String
        let start_changed: Bool
        let target: String?
        let target_changed: Bool?
        let headers: [Header]
        let body: String
        let body_base64: String?
        let body_size: Int
        let body_changed: Bool
    }

    struct Header: Decodable, Equatable {
        let name, value: String
        let change: String?

        init(_ name: String, _ value: String, _ change: String? = nil) {
            (self.name, self.value, self.change) = (name, value, change)
        }
    }

    struct LogLine: Decodable, Equatable {
        let level, text: String
    }

    struct Failure: Decodable {
        let kind, reason, fix: String
    }

    /// A string, or anything else.
    enum Plain: Decodable, Equatable, ExpressibleByStringLiteral {
        case text(String)
        case other

        init(stringLiteral text: String) { self = .text(text) }
        init(from decoder: any Decoder) throws {
            self = (try? decoder.singleValueContainer().decode(String.self)).map { .text($0) } ?? .other
        }
    }

    let plugin: Plugin?
    let `protocol`: String
    let phases: [Phase]
    let service: Message?
    let client: Message?
    let log: [LogLine]
    let server_log: [String]
    let failure: Failure?
}

/// A plugin in C without a configuration, for what KongPDK does not let one do.
private enum CPlugin {
    /// - Parameter code: of its access handler, which has `host` and the event `e`.
    static func compile(_ code: String, named name: String, into directory: String) throws {
        try Plugins.compile(
            CSource.accessPlugin + """
            #include <unistd.h>
            static const kong_host *host;
            static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {
                host->started(host, s, KONG_OK, text(""), NULL);
            }
            static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) {
                \(code)
                return NULL;
            }
            const kong_plugin *kong_plugin_open(const kong_host *h, kong_string *error) {
                host = h;
                return describe(start, handle);
            }
            """, named: name, into: directory)
    }
}
