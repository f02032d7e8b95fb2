import FoundationEssentials
import KongClient
import KongSimulator
import PluginLoader
import WireProtocol

/// Plays one request through a plugin, and tells of it.
struct Trial {
    private let setup: TrialSetup
    private let prefix: TemporaryDirectory
    private var result: TrialResult
    private var exchange: SimulatedExchange
    /// The same request without the plugin, to compare with.
    private var untouched: SimulatedExchange

    /// - Parameter prefix: for the server's files.
    init(_ setup: TrialSetup, in prefix: TemporaryDirectory) {
        self.setup = setup
        self.prefix = prefix
        result = TrialResult(wireProtocol: setup.wireProtocol.kongName)
        exchange = setup.exchange
        untouched = exchange
    }

    mutating func run() -> TrialResult {
        do {
            let plugin = try TrialPlugin(setup, in: prefix)
            result.plugin = TrialResult.Plugin(plugin)
            let phases = try phases(of: plugin.description)
            let config = try config(for: plugin.description)
            result.config = config
            try serve(plugin, config, phases)
        } catch let error as LoadError {
            result.failure = TrialFailure(error)
        } catch let failure as TrialFailure {
            result.failure = result.failure ?? failure
        } catch {
            fail(.server, "\(error)", fix: "see the server's log")
        }
        return result
    }

    // MARK: Before the server

    private func phases(of plugin: PluginDescription) throws -> [SimulatedPhase] {
        let handled = SimulatedPhase.allCases.filter { plugin.phases.contains($0.rawValue) }
        if let other = setup.phases.first(where: { !handled.contains($0) }) {
            throw TrialFailure(
                .phase, "\(plugin.name) does not handle the phase \(other.rawValue), but \(plugin.phases.joined(separator: ", "))",
                fix: "let its type conform to the phase's protocol, or leave --phase \(other.rawValue) out")
        }
        if !setup.phases.isEmpty { return handled.filter(setup.phases.contains) }
        let ofRequests = handled.filter { [.rewrite, .access, .response, .log].contains($0) }
        return ofRequests.isEmpty ? handled : ofRequests
    }

    /// As Kong stores it: held against the schema, and with the defaults.
    private func config(for plugin: PluginDescription) throws -> JSONValue {
        let config: JSONValue
        do {
            config = try JSONValue(parsing: setup.config)
        } catch {
            throw TrialFailure(.config, "the configuration is no JSON: \(error)", fix: #"write it as '{"name": "value"}'"#)
        }
        if let violation = plugin.violation(of: config) { throw TrialFailure(violation) }
        return plugin.effectiveConfig(config)
    }

    // MARK: With the server

    private mutating func serve(_ plugin: TrialPlugin, _ config: JSONValue, _ phases: [SimulatedPhase]) throws {
        let server = try OwnServer(plugin.serverFlags + ["--no-diagnostics"] + setup.serverFlags, in: prefix)
        defer { result.serverLog = server.log }
        do {
            try server.waitUntilListening()
        } catch {
            throw TrialFailure(.server, "\(error)", fix: "see the server's log")
        }
        let kong = KongClient(socketPath: server.socket, protocol: setup.wireProtocol.kind, timeout: setup.timeout)
        let name = plugin.description.name
        let instance = try answered(by: server, "while \(name) was started") {
            try kong.startInstance(name, config: Self.sent(config))
        }
        if let reason = Self.startFailure(of: name, in: server.log) {
            throw TrialFailure(
                .start, "\(name) could not be started: \(reason)",
                fix: "mend what the plugin's init(config:) reports; Kong answers each request with 500 until then")
        }
        defer {
            exchange.finish()
            untouched.finish()
            result.tell(of: exchange, comparedWith: untouched)
        }
        for phase in phases {
            try play(phase, on: instance, of: name, kong, server)
        }
        try answered(by: server, "while the instance of \(name) was closed") { _ = try kong.closeInstance(instance) }
        try answered(by: server, "at its end") { try server.stop() }
        if let line = Self.handlerFailure(of: name, in: server.log) {
            fail(.handler, line, fix: "mend what it reports: it came after the client was answered, so that Kong does not hear of it")
        }
    }

    private mutating func play(
        _ phase: SimulatedPhase, on instance: Int64, of name: String, _ kong: KongClient, _ server: OwnServer
    ) throws {
        untouched.begin(phase)
        guard exchange.begin(phase) else {
            result.phases.append(TrialResult.Phase(name: phase.rawValue))
            return
        }
        let (logged, waited) = (exchange.log.count, kong.roundTrips)
        var (calls, raised) = ([TrialResult.Call](), (call: PDKCall, text: String)?.none)
        let clock = ContinuousClock()
        let start = clock.now
        defer {
            result.phases.append(
                TrialResult.Phase(
                    name: phase.rawValue, calls: calls, roundTrips: kong.roundTrips - waited, duration: clock.now - start))
        }
        _ = try answered(by: server, "while \(name) handled \(phase.rawValue)") {
            try kong.handleEvent(instance, phase.rawValue) { call in
                let at = clock.now - start
                let outcome = exchange.perform(call.method, call.received(over: setup.wireProtocol.kind).arguments)
                calls.append(TrialResult.Call(call, outcome, at: at))
                if case .raised(let text) = outcome, raised == nil { raised = (call, text) }
                return exchange.reply(to: call, with: outcome, over: setup.wireProtocol.kind)
            }
        }
        // What a crash is answered with looks like a handler that has failed; over MessagePack the next call finds out.
        if exchange.log[logged...].contains(where: { $0.level == .err && $0.text.contains("the plugin has crashed") }),
            let end = server.end(within: .seconds(2))
        {
            throw Self.crash(end, "while \(name) handled \(phase.rawValue)", in: server.log)
        }
        // Kong goes on to its log phase all the same.
        if let raised {
            fail(
                .call, "Kong raises an error for \(raised.call): \(raised.text)",
                fix: "correct the call; Kong gives up the handler there, and answers the client with 500")
        }
        let prefix = "\(name): \(phase.rawValue) handler failed: "
        if let line = exchange.log[logged...].first(where: { $0.level == .err && $0.text.hasPrefix(prefix) }) {
            fail(
                .handler, "the \(phase.rawValue) handler has failed: \(line.text.dropFirst(prefix.count))",
                fix: "mend what it reports, or catch it in the handler; Kong answers the client with 500 until then")
        }
    }

    /// The first failure counts.
    private mutating func fail(_ kind: TrialFailure.Kind, _ reason: String, fix: String) {
        result.failure = result.failure ?? TrialFailure(kind, reason, fix: fix)
    }

    /// Tells what it means if the server does not answer.
    private func answered<Value>(by server: OwnServer, _ when: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as OwnServerError {
            throw TrialFailure(.crash, "\(error), \(when)", fix: "look at what the plugin does when it is shut down, and at the server's log")
        } catch let error as KongClientError {
            if case .timedOut = error {
                throw TrialFailure(
                    .timeout, "\(error), \(when)",
                    fix: "a handler that waits for anything but Kong must give up in time, and must not block its thread")
            }
            guard let end = server.end(within: .seconds(2)) else { throw TrialFailure(.server, "\(error), \(when)", fix: "see the server's log") }
            throw Self.crash(end, when, in: server.log)
        }
    }

    /// - Parameter when: what has been noticed last. A crash answers its event, so that the log may know better.
    private static func crash(_ end: ProcessEnd, _ when: String, in log: [String]) -> TrialFailure {
        TrialFailure(
            .crash, "the server has ended with \(end) \(crashedEvent(in: log) ?? when)",
            fix: "a plugin that crashes or exits takes the server with it: see its log, and look for what is force-unwrapped, out of bounds, or ends the process")
    }

    // MARK: What is said in logs alone

    /// What Kong sends: with the keys that it adds of its own, as for a plugin on a route of a service.
    private static func sent(_ config: JSONValue) -> String {
        guard case .object(var entries) = config else { return config.text }
        entries["__key__"] = .string("try")
        entries["__seq__"] = .integer(1)
        entries["__plugin_id"] = .string("3fb5c8a2-7d1e-4f0b-9d43-6a1c2b9e8f03")
        entries["route_id"] = .string("5f0e8f2a-94c5-4a63-8a0e-2a3a6bd3a5d1")
        entries["service_id"] = .string("d1e6a6c4-2f55-4f5b-8a38-7b8f0f3f3c9e")
        return JSONValue.object(entries).text
    }

    /// Kong is given an instance all the same: neither protocol tells it that the plugin could not be started.
    private static func startFailure(of name: String, in log: [String]) -> String? {
        log.lazy.compactMap { line in
            guard let start = line.firstRange(of: "cannot start instance \"\(name)\":") else { return nil }
            let rest = line[start.upperBound...]
            return rest.firstRange(of: ": ").map { String(rest[$0.upperBound...]) } ?? String(rest)
        }.first
    }

    /// "while NAME handled PHASE", from the line "[critical] NAME: PHASE handler crashed: …".
    private static func crashedEvent(in log: [String]) -> String? {
        log.lazy.compactMap { line in
            guard let start = line.firstRange(of: " [critical] ") else { return nil }
            let parts = line[start.upperBound...].split(separator: ": ", maxSplits: 1)
            guard parts.count == 2, let phase = parts[1].split(separator: " ").first.flatMap({ SimulatedPhase(rawValue: String($0)) })
            else { return nil }
            return "while \(parts[0]) handled \(phase.rawValue)"
        }.first
    }

    /// A handler that fails after it has answered the client: Kong is not told.
    private static func handlerFailure(of name: String, in log: [String]) -> String? {
        log.lazy.compactMap { line in
            line.firstRange(of: " [error] \(name): ").map { String(line[$0.upperBound...]) }
        }.first
    }
}
