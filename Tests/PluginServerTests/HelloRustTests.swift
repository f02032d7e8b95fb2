import Foundation
import KongClient
import KongSimulator
import TestSupport
import Testing
import WireProtocol

/// The example in Rust does what the tutorial says, and what it is made with keeps Rust's promises.
@Suite(.enabled(if: Rust.isThere, "there is no rustc")) struct HelloRustTests {
    private static func run(_ body: (TestServer) throws -> Void) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug"],
            prepare: { try Rust.compile("\(Rust.hello)/lib.rs", named: "hello-rust", into: $0) }, body)
    }

    @Test(arguments: WireProtocolKind.both)
    func itGreetsInBothPhases(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("hello-rust", config: #"{"greeting":"welcome"}"#)
            var exchange = SimulatedExchange(SimulatedRequest("GET", "/", headers: ["host": "localhost"]))
            exchange.begin(.access)
            let access = try kong.handleEvent(instance, "access") { exchange.answer($0, over: wireProtocol) }
            #expect(
                access == [
                    PDKCall("kong.request.get_header", ["host"]),
                    PDKCall("kong.service.request.set_header", ["x-greeting", "welcome, localhost"]),
                ])
            exchange.begin(.response)
            let response = try kong.handleEvent(instance, "response") { exchange.answer($0, over: wireProtocol) }
            #expect(response == [PDKCall("kong.response.add_header", ["x-compiler", "rustc 1.2.3"])])
            try kong.closeInstance(instance)
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func withoutAConfigurationOrAHostItHasItsDefaults(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("hello-rust", config: "{}")
            let calls = try kong.handleEvent(instance, "access")
            #expect(calls.last == PDKCall("kong.service.request.set_header", ["x-greeting", "hello, nobody"]))
        }
    }

    @Test func itsStampSaysRust() throws {
        let directory = try TemporaryDirectory()
        try Rust.compile("\(Rust.hello)/lib.rs", named: "hello-rust", into: directory.path)
        let inspection = try Program(["inspect", directory.file("hello-rust.so")])
        #expect(inspection.end == .exited(0), "\(inspection.errors)")
        #expect(inspection.outputText.firstMatch(of: /language +Rust\n/) != nil)
        #expect(inspection.outputText.firstMatch(of: /toolchain +rustc 1\.2\.3\n/) != nil)
        let check = try Program(["check", directory.file("hello-rust.so")])
        #expect(check.end == .exited(0), "\(check.errors)")
        #expect(check.outputText.firstMatch(of: /ok +hello-rust +1\.1 +- +Rust/) != nil, "\(check.outputText)")
    }

    @Test func theDocumentationsPluginIsOne() throws {
        let page = try String(contentsOfFile: "\(Plugins.package)/docs/rust-plugins.md", encoding: .utf8)
        let sample = try #require(page.firstMatch(of: /```rust\n((?:.|\n)*?)```/)).1
        let folder = try TemporaryDirectory()
        try folder.write(sample.utf8, to: "lib.rs")
        try folder.link("kong", to: "\(Rust.hello)/kong")
        try Rust.compile(folder.file("lib.rs"), named: "hello", into: folder.path)
        let run = try Program(["try", folder.file("hello.so"), "--config", #"{"greeting":"welcome"}"#])
        #expect(run.end == .exited(0), "\(run.errors)")
        #expect(run.outputText.contains("+ x-greeting: welcome, localhost"))
    }

    @Test func itsOwnLinesAreFewerThanSixty() throws {
        let source = try String(contentsOfFile: "\(Rust.hello)/lib.rs", encoding: .utf8)
        #expect(source.split(separator: "\n", omittingEmptySubsequences: false).count < 60)
    }
}

/// What `Plugins/hello-rust/kong` has beyond what the example uses.
@Suite(.enabled(if: Rust.isThere, "there is no rustc")) struct RustPluginTests {
    private static let source = #"""
        config! {
            struct Config {
                #[allow(dead_code)]
                first: bool = "default: true",
                mode: Text = "",
                small: bool = "default: true",
                count: i64 = "default: -7",
                ratio: f64 = "default: 2.5",
                last: bool = "default: true",
                names: Strings = "default: ['a', 'b']",
                missing: Text = "",
            }
        }

        fn rewrite(_: &Kong, _: &Config) -> Result<(), Status> {
            Ok(())
        }

        fn access(kong: &Kong, config: &Config) -> Result<(), Status> {
            match config.mode.to_string().as_str() {
                "panic" => panic!("a panic of the plugin's"),
                "panic with a bomb" => std::panic::panic_any(Bomb),
                "fail" => Err(Status::FAILED),
                "wrong phase" => kong.response().get_status().map(|_| ()),
                "a NUL" => kong.service_request().set_header("x-a", "a\0b"),
                "exit" => kong.response().exit(403, b"no"),
                "refused" => match kong.request().get_header("a") {
                    Ok(_) => kong.log().notice("was not refused"),
                    Err(status) => kong.log().notice(&format!("{:?}: {}", status, kong.error())),
                },
                "flush" => {
                    kong.log().info("1")?;
                    kong.flush()?;
                    kong.log().info("2")
                }
                _ => {
                    let names: Vec<_> = config.names.iter().map(String::from_utf8_lossy).collect();
                    let (count, ratio) = (config.count, config.ratio);
                    kong.log().notice(&format!(
                        "{} {} {} {} {} [{}] {}", config.small, count, ratio, config.last, names.join("+"), config.missing,
                        config.missing.get().is_some()
                    ))
                }
            }
        }

        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("a panic of a panic's");
            }
        }

        fn response(kong: &Kong, _: &Config) -> Result<(), Status> {
            let status = kong.response().get_status()?;
            let source = kong.response().get_source()?;
            kong.log().notice(&format!("{} {}", status, String::from_utf8_lossy(source)))
        }

        plugin! {
            version: "2.0.0-rc1",
            priority: -3,
            config: Config,
            handlers: { REWRITE: rewrite, ACCESS: access, RESPONSE: response },
        }
        """#

    private static func run(_ body: (TestServer) throws -> Void) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug"], prepare: { try Rust.compile(text: source, named: "rusty", into: $0) }, body)
    }

    private func calls(_ mode: String, _ kong: KongClient, answering answer: (PDKCall) -> PDKReply = exiting) throws -> [PDKCall] {
        let instance = try kong.startInstance("rusty", config: #"{"mode":"\#(mode)"}"#)
        return try kong.handleEvent(instance, "access", answering: answer).map(\.plain)
    }

    @Test(arguments: WireProtocolKind.both)
    func membersOfTheConfigurationAreWhereTheHostPutsThem(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            #expect(try calls("show", kong) == [PDKCall("kong.log.notice", ["true -7 2.5 true a+b [] false"])])
            let instance = try kong.startInstance(
                "rusty",
                config: #"{"small":false,"count":9007199254740993,"ratio":-0.125,"last":false,"names":[],"missing":"é"}"#)
            let text = try kong.handleEvent(instance, "access").first?.arguments.first?.text
            #expect(text == "false 9007199254740993 -0.125 false  [é] true")
        }
    }

    /// Nothing unwinds into the server, and the server goes on.
    @Test(arguments: WireProtocolKind.both)
    func aPanicFailsItsEventAlone(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            for mode in ["panic", "panic with a bomb", "panic"] {
                let calls = try calls(mode, kong)
                #expect(calls == [.logErr("rusty: access handler failed: the handler returned status 1"), .exit500], "\(mode)")
            }
            try server.waitForLog("a panic of the plugin's")
            #expect(!server.log.contains("a panic of a panic's"))
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatAHandlerReturnsFailsItsEventWithTheReason(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            for (mode, reason) in [
                ("fail", "the handler returned status 1"),
                ("wrong phase", "kong.response.get_status: cannot be called in the access phase"),
                ("a NUL", "the handler returned status 5"),
            ] {
                let calls = try calls(mode, kong)
                #expect(calls.count == 2 && calls.last == .exit500, "\(mode): \(calls)")
                #expect(calls.first?.arguments.first?.text?.contains("access handler failed: \(reason)") == true, "\(calls)")
            }
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func resultsErrorsAndExits(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            #expect(try calls("exit", kong).map { $0.arguments.prefix(2) } == [[403, "no"]])
            #expect(try calls("flush", kong).map(\.arguments) == [["1"], ["2"]])
            if wireProtocol == .messagePack {
                let refused = try calls("refused", kong) { $0.method == "kong.request.get_header" ? .error("no header for you") : .nothing }
                let text = refused.last?.arguments.first?.text ?? ""
                #expect(text.hasPrefix("Status(2): ") && text.contains("no header for you"), "\(refused)")
            }
            let instance = try kong.startInstance("rusty", config: "{}")
            #expect(try kong.handleEvent(instance, "rewrite").isEmpty)
            let response = try kong.handleEvent(instance, "response") {
                switch $0.method {
                case "kong.response.get_status": .value(418)
                case "kong.response.get_source": .value("service")
                default: .nothing
                }
            }
            #expect(response.last == PDKCall("kong.log.notice", ["418 service"]))
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aPluginNeedsNoConfiguration(_ wireProtocol: WireProtocolKind) throws {
        let source = """
            fn access(kong: &Kong, _: &Config) -> Result<(), Status> { kong.log().notice("access") }
            fn log(kong: &Kong, _: &Config) -> Result<(), Status> { kong.log().notice("log") }
            plugin! { version: "1.0.0", priority: 1, config: Config, handlers: { ACCESS: access, LOG: log } }
            """
        try TestServer.run(
            ["goplug": "recorded_goplug"],
            prepare: {
                try Rust.compile(text: "type Config = ();\n\(source)", named: "none", into: $0)
                try Rust.compile(text: "config! { struct Config {} }\n\(source)", named: "empty", into: $0)
            }
        ) { server in
            let kong = server.kong(wireProtocol)
            for name in ["none", "empty"] {
                let instance = try kong.startInstance(name, config: "{}")
                for phase in ["access", "log"] {
                    #expect(try kong.handleEvent(instance, phase) == [PDKCall("kong.log.notice", [.string(phase)])])
                }
            }
        }
    }
}
