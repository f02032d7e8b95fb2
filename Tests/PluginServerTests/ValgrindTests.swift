import KongClient
import Testing
import WireProtocol

/// The server uses its memory as it should, as far as valgrind can tell, and does not lose more of it with each event.
///
/// A few events only: Tests/Sanitizers/valgrind.sh runs many more tests so.
@Suite(.enabled(if: Valgrind.path != nil, "valgrind is not installed"), .serialized)
struct ValgrindTests {
    private static let clients = 4

    /// Runs the server for some rounds of several clients side by side, over either protocol: each round starts an instance of
    /// every plugin, has it handle events, and closes it.
    private static func run(
        rounds: Int, _ names: [String], built: [String] = [], prepare: (_ pluginsDirectory: String) throws -> Void
    ) throws -> Valgrind {
        try Valgrind(built, prepare: prepare) { server in
            for wireProtocol in WireProtocolKind.both {
                try onThreads(clients) { _ in
                    let kong = server.kong(wireProtocol)
                    for name in Array(repeating: names, count: rounds).joined() {
                        let instance = try kong.startInstance(name, config: "{}")
                        for phase in ["access", "response", "access"] {
                            try kong.handleEvent(instance, phase) { $0.method == "kong.request.get_header" ? .value("host") : .nothing }
                        }
                        try kong.closeInstance(instance)
                    }
                }
            }
        }
    }

    @Test func eventsUseMemoryAsTheyShouldAndLoseNone() throws {
        let more = 2
        let runs = try [more, 2 * more].map { rounds in
            let run = try Self.run(rounds: rounds, ["hello-c", "goplug"], built: ["goplug"]) {
                try Plugins.compileExample("hello-c", into: $0)
            }
            #expect(run.end == .exited(0), "\(run.report)")
            return try run.lost
        }
        // What is made once may be lost: plugins are never freed. Whatever one plugin lost with each event or instance over one
        // protocol would be a block more for each round more of each client.
        #expect(runs[1].blocks - runs[0].blocks < more * Self.clients, "\(runs)")
    }

    // MARK: It would be seen

    @Test func memoryThatIsReadAfterItsEndOrLostIsSeen() throws {
        let source = #"""
            #include "kong_pdk.h"
            #include <stdlib.h>
            static char *volatile bytes;
            static kong_status handle(const kong_pdk *kong, const void *config) {
                bytes = calloc(1, 1);
                free(bytes);
                if (bytes[0] == 'x') kong->log->notice(kong, "x");
                bytes = malloc(1000);
                bytes = NULL;
                return KONG_OK;
            }
            KONG_PLUGIN_WITHOUT_CONFIG("1.0.0", 1, KONG_HANDLER(KONG_ACCESS, handle, void), KONG_HANDLER(KONG_RESPONSE, handle, void))
            """#
        let run = try Self.run(rounds: 1, ["faulty"]) { try Plugins.compileWhole(source, named: "faulty", into: $0) }
        #expect(run.end == Valgrind.failure && run.report.contains("Invalid read of size 1"), "\(run.report)")
        // Over two protocols three events each.
        #expect(try run.lost.bytes >= 2 * Self.clients * 3 * 1000, "\(run.report)")
    }
}
