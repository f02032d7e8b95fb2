import Glibc
import KongPDK
import Synchronization

/// Does what its configuration says, most of it wrong, for the server's tests.
///
/// What Kong cannot be told goes to standard error, as lines that begin with "misbehaving: ".
struct Misbehaving: Plugin, RewritePhase, AccessPhase, ResponsePhase, LogPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {
        var mode = ""
        var count = 0
        var text = ""
    }
    let config: Config
    /// Counts the instances of this process.
    let number: Int

    struct Failure: Error, CustomStringConvertible { let description: String }

    init(config: Config) async throws {
        self.config = config
        switch config.mode {
        case "init throws": throw Failure(description: "cannot start: \(config.text)")
        case "init throws once":
            if Self.seenTexts.withLock({ $0.insert(config.text).inserted }) {
                throw Failure(description: "cannot start yet: \(config.text)")
            }
        case "init sleeps": try await Task.sleep(for: .milliseconds(config.count))
        case "init throws once, then waits":
            if Self.seenTexts.withLock({ $0.insert(config.text).inserted }) {
                throw Failure(description: "cannot start yet: \(config.text)")
            }
            try await Self.waitForGo(config.text, "start")
        case "init waits": try await Self.waitForGo(config.text, "start")
        case "init crashes": crash(config.text)
        case "init crashes later":
            try await Task.sleep(for: .milliseconds(1))
            crash(config.text)
        case "go": Self.seenTexts.withLock { _ = $0.insert("go \(config.text)") }
        default: break
        }
        number = Self.instanceCount.withLock { count in
            count += 1
            return count
        }
    }

    private static let instanceCount = Mutex(0)
    private static let seenTexts = Mutex(Set<String>())

    /// Waits until an instance of the mode "go" with the same text has been started.
    private static func waitForGo(_ text: String, _ what: String) async throws {
        report("\(what) of \(text) waits")
        while !seenTexts.withLock({ $0.contains("go \(text)") }) { try await Task.sleep(for: .milliseconds(1)) }
    }

    func shutdown() async {
        if config.mode == "shutdown waits" { try? await Self.waitForGo(config.text, "shutdown") }
        if config.mode == "shutdown sleeps" { try? await Task.sleep(for: .milliseconds(config.count)) }
        report("instance \(config.text) shut down")
    }

    func rewrite(_ kong: Kong) async throws { try kong.log.notice("rewrite") }
    func response(_ kong: Kong) async throws { try kong.response.setHeader("x-phase", "response") }

    func log(_ kong: Kong) async throws {
        if config.mode == "throw" { throw Failure(description: config.text) }
        if config.mode == "crash" { crash(config.text) }
        try kong.log.notice("log")
    }

    func access(_ kong: Kong) async throws {
        switch config.mode {
        case "throw": throw Failure(description: config.text)
        case "queue, then throw":
            try kong.service.request.setHeader("x-before", "1")
            throw Failure(description: config.text)
        case "exit": try kong.response.exit(418, body: "teapot", headers: ["x-a": "1", "x-b": "2", "x-b": "3"])
        case "exit, then continue": try await exitThenContinue(kong)
        case "detached": callAfterTheEnd(kong)
        case "detached, in time": try await callFromElsewhere(kong)
        case "sleep":
            try await Task.sleep(for: .milliseconds(config.count))
            try kong.service.request.setHeader("x-slept", "\(config.count)")
        case "many":
            for index in 0..<config.count { try kong.service.request.setHeader("x-\(index)", config.text) }
        case "side by side":
            async let host = kong.request.header("host")
            async let method = kong.request.method()
            async let path = kong.request.path()
            try kong.service.request.setHeader("x-all", try await "\(host ?? "-") \(method) \(path)")
        case "flush":
            try kong.service.request.setHeader("x-before", "1")
            try await kong.flush()
            try kong.service.request.setHeader("x-after", "2")
        case "big body": try kong.service.request.setRawBody([UInt8](repeating: 0xa5, count: config.count))
        case "echo body": try kong.service.request.setRawBody(await kong.request.rawBody())
        case "wrong phase": _ = try await kong.response.status()
        case "header bytes": try kong.service.request.setRawBody(await kong.request.headerBytes("x-odd") ?? [])
        case "header text": try kong.service.request.setHeader("x-copy", await kong.request.header("x-odd") ?? "nil")
        case "ask": try await ask(kong)
        case "crash": crash(config.text)
        case "queue, then crash":
            try kong.service.request.setHeader("x-before", "1")
            crash(config.text)
        case "crash after a call":
            _ = try await kong.request.method()
            crash(config.text)
        case "crash after a sleep":
            try await Task.sleep(for: .milliseconds(1))
            crash(config.text)
        case "never finishes":
            try kong.service.request.setHeader("x-before", "1")
            try await Task.sleep(for: .seconds(3600))
        case "never finishes, and does not care":
            while !Self.seenTexts.withLock({ $0.contains("go \(config.text)") }) { try? await Task.sleep(for: .milliseconds(1)) }
            report("\(config.text) goes on")
        default: try kong.service.request.setHeader("x-instance", "\(number) \(config.text)")
        }
    }

    private func exitThenContinue(_ kong: Kong) async throws {
        do {
            try kong.response.exit(418)
        } catch {}
        do {
            try kong.service.request.setHeader("x-after", "exit")
        } catch {
            report("set_header after exit: \(error.code)")
        }
        do {
            _ = try await kong.request.method()
        } catch {
            report("get_method after exit: \(error.code)")
        }
    }

    /// The task waits until the handler has returned: a call of the next event would tell no better.
    private func callAfterTheEnd(_ kong: Kong) {
        let text = config.text
        Task.detached {
            while true {
                do {
                    _ = try await kong.request.method()
                } catch {
                    return report("get_method after the end of \(text): \((error as? PDKError)?.code as Any)")
                }
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private func callFromElsewhere(_ kong: Kong) async throws {
        try await Task.detached {
            let method = try await kong.request.method()
            try kong.service.request.setHeader("x-method", method.rawValue)
            try await kong.flush()
        }.value
    }

    /// Says how a call went that Kong may never answer.
    private func ask(_ kong: Kong) async throws {
        do {
            let host = try await kong.request.header("host")
            report("\(config.text) got \(host ?? "nil")")
        } catch {
            report("\(config.text) failed: \(error.code)")
            throw error
        }
    }
}

private func report(_ text: String) {
    let line = Array("misbehaving: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

@section("kong_plugins") @used let entry: PluginEntry = { Misbehaving.open($0, $1) }
