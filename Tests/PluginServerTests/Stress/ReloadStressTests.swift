import Foundation
import KongClient
import Testing
import TestSupport
import WireProtocol

/// Plugins that are replaced while there are many events.
@Suite struct ReloadStressTests {
    /// A plugin that says which version it is.
    private static func source(version: Int) -> String {
        CSource.accessPlugin + """
            static const kong_host *the_host;
            static kong_method set_header;
            static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {
                the_host->started(the_host, s, KONG_OK, text(""), NULL);
            }
            static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) {
                kong_value arguments[2] = {value("x-version"), value("\(version)")};
                the_host->call(the_host, e, set_header, arguments, 2, NULL, NULL, NULL);
                the_host->finish(the_host, e, KONG_OK, text(""));
                return NULL;
            }
            const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
                the_host = host;
                set_header = host->find_method(host, text("kong.service.request.set_header"));
                const kong_plugin *plugin = describe(start, handle);
                ((kong_plugin *)plugin)->version = text("\(version).0.0");
                return plugin;
            }
            """
    }

    private static func file(of version: Int) -> String { "version\(version)" }

    @Test func reloadsWithAlternatingVersionsFailNoEvent() throws {
        let versions = try TemporaryDirectory()
        for version in 1...2 { try Plugins.compile(Self.source(version: version), named: Self.file(of: version), into: versions.path) }
        // Installers move a file into its place.
        func install(_ version: Int, in directory: String) throws {
            let temporary = "\(directory)/.new"
            try FileManager.default.copyItem(atPath: versions.file("\(Self.file(of: version)).so"), toPath: temporary)
            guard rename(temporary, "\(directory)/alternating.so") == 0 else { throw TestFailure("rename") }
        }
        try TestServer.run(flags: ["--no-watch"], prepare: { try install(1, in: $0) }) { server in
            let lanes = try WireProtocolKind.both.flatMap { wireProtocol in
                let kong = server.kong(wireProtocol)
                return [
                    Traffic.Lane(
                        socket: server.socket, wireProtocol: wireProtocol,
                        instance: try kong.startInstance("goplug", config: #"{"attach":true,"__key__":"a"}"#),
                        isGood: { $0 == [.setHeader("x-goplug", "Set by custom go plugin")] }),
                    Traffic.Lane(
                        socket: server.socket, wireProtocol: wireProtocol, instance: try kong.startInstance("alternating", config: "{}"),
                        isGood: { $0 == [.setHeader("x-version", "1")] || $0 == [.setHeader("x-version", "2")] }),
                ]
            }
            var (first, firstWorker): (ProcessFigures?, ProcessFigures?)
            var (last, lastWorker): (ProcessFigures?, ProcessFigures?)
            let traffic = try Traffic.run(lanes) { traffic in
                for number in 1...StressExtent.reloads {
                    let version = number % 2 + 1
                    try install(version, in: server.plugins)
                    let reload = try Program(["reload", "alternating", "-kong-prefix", server.directory.path])
                    guard reload.end == .exited(0) else { throw TestFailure(reload.errors) }
                    try traffic.waitForEvents(20)
                    guard eventually(within: .seconds(60), { (try? server.status().workers.map(\.retiring)) == [[]] }) else {
                        throw TestFailure("a worker does not retire")
                    }
                    // All of its connections have gone to the new one.
                    let calls = try server.kong(.protoBuf).handleEvent(lanes[3].instance, "access")
                    guard calls == [.setHeader("x-version", "\(version)")] else { throw TestFailure("version \(version): \(calls)") }
                    // What grows to begin with has grown.
                    guard number == StressExtent.reloads / 3 || number == StressExtent.reloads else { continue }
                    last = try ProcessFigures(server.process.pid)
                    lastWorker = try ProcessFigures(server.worker())
                    first = first ?? last
                    firstWorker = firstWorker ?? lastWorker
                }
            }
            StressExtent.tell("\(StressExtent.reloads) reloads: \(traffic.done) events good, \(traffic.failures.count) failed")
            #expect(traffic.failures.isEmpty)
            // None has crashed, and none is left behind.
            #expect(server.log.components(separatedBy: "takes over from").count == StressExtent.reloads + 1)
            let status = try server.status()
            #expect(status.workers.map(\.restarts) == [0])
            #expect(status.plugins.first { $0.name == "alternating" }?.version == "\(StressExtent.reloads % 2 + 1).0.0")
            for plugin in ["goplug", "alternating"] { #expect(status.statistics.instances[plugin]?.running == 2) }
            // All that the old ones have done is known.
            let events = UInt64(traffic.done[0] + traffic.done[2])
            try server.expectStatus("\(events) events") { $0.events("goplug")[.done] == events && $0.events("goplug").begun == events }
            for (what, before, after) in [("supervisor", first, last), ("worker", firstWorker, lastWorker)] {
                let (before, after) = (try #require(before), try #require(after))
                StressExtent.tell("\(what) after \(StressExtent.reloads / 3) reloads: \(before); after \(StressExtent.reloads): \(after)")
                #expect(after.threads == before.threads && after.children.count == before.children.count, "\(what): \(before), \(after)")
                #expect(after.anonymousKiB < before.anonymousKiB + Self.allowanceKiB, "\(what): \(before), \(after)")
            }
            try server.expectNothingLeftBehind(since: try #require(first))
        }
    }

    /// What an allocator keeps, more or less.
    private static let allowanceKiB = 4096
}
