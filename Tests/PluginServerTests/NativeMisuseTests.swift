import KongClient
import Testing
import WireProtocol

/// What a plugin in C gets wrong is an error with a message, and never the end of the server.
@Suite struct NativeMisuseTests {
    /// Does what its configuration names, and says in Kong's log what came of it.
    private static let source = #"""
        #include "kong_pdk.h"
        #include <pthread.h>
        #include <stdio.h>

        struct config { const char *mode; };
        static const kong_field fields[] = {KONG_FIELD(struct config, mode, "required: true")};

        static const kong_pdk *kept;
        struct use { const kong_pdk *kong; kong_status first, second; char message[256]; };

        static void *use(void *context) {
            struct use *use = context;
            int64_t status;
            use->first = use->kong->log->notice(use->kong, "x");
            use->second = use->kong->response->get_status(use->kong, &status);
            snprintf(use->message, sizeof use->message, "%s", use->kong->error(use->kong).data);
            return NULL;
        }

        static kong_status handle(const kong_pdk *kong, const struct config *config) {
            kong_status status = -1;
            kong_string string = {"untouched", 9};
            if (strcmp(config->mode, "null string") == 0) status = kong->request->get_header(kong, NULL, &string);
            if (strcmp(config->mode, "null result") == 0) status = kong->request->get_header(kong, "a", NULL);
            if (strcmp(config->mode, "negative size") == 0) status = kong->service_request->set_raw_body(kong, "x", (size_t)-1);
            if (strcmp(config->mode, "bytes at null") == 0) status = kong->service_request->set_raw_body(kong, NULL, 5);
            if (strcmp(config->mode, "wild map") == 0) {
                kong_map map = {NULL, 3};
                status = kong->service_request->set_headers(kong, &map);
            }
            if (strcmp(config->mode, "wild value") == 0) {
                kong_value value = kong_value_of_string((kong_string){"x", (size_t)-7});
                kong_entry entry = kong_entry_of("a", value);
                value = kong_value_of_map(kong_map_of(&entry, 1));
                status = kong->ctx_shared->set(kong, "a", &value);
            }
            if (strcmp(config->mode, "circle") == 0) {
                kong_value value;
                value = kong_value_of_array(&value, 1);
                status = kong->ctx_shared->set(kong, "a", &value);
            }
            if (strcmp(config->mode, "odd type") == 0) {
                kong_value value = kong_value_nil();
                value.type = 99;
                status = kong->ctx_shared->set(kong, "a", &value);
            }
            if (strcmp(config->mode, "null kong") == 0) status = kong->log->notice(NULL, "x");
            if (strcmp(config->mode, "wild kong") == 0) status = kong->log->notice((const kong_pdk *)(uintptr_t)0x1234567, "x");
            if (strcmp(config->mode, "copied kong") == 0) {
                kong_pdk copy = *kong;
                status = copy.log->notice(&copy, "x");
            }
            if (strcmp(config->mode, "middle of kong") == 0)
                status = kong->log->notice((const kong_pdk *)(const void *)((const char *)kong + 8), "x");
            if (strcmp(config->mode, "keep") == 0) { kept = kong; return KONG_OK; }
            if (strcmp(config->mode, "kept") == 0) status = kept->request->get_header(kept, "a", &string);
            if (strcmp(config->mode, "after exit") == 0) {
                kong->response->exit(kong, 403, NULL, 0, NULL);
                status = kong->request->get_header(kong, "a", &string);
                fprintf(stderr, "after exit: %d %s\n", (int)status, kong->error(kong).data);
                status = kong->flush(kong);
                fprintf(stderr, "after exit: %d %s\n", (int)status, kong->error(kong).data);
                return KONG_OK;
            }
            if (strcmp(config->mode, "exit in the middle") == 0) {
                kong_map headers = {NULL, 0};
                return kong->response->exit(kong, 204, NULL, 0, &headers);
            }
            if (strcmp(config->mode, "fail") == 0) return KONG_FAILED;
            if (strcmp(config->mode, "fail with words") == 0) return kong->request->get_header(kong, NULL, &string);
            if (strcmp(config->mode, "another thread") == 0) {
                struct use it = {.kong = kong};
                pthread_t thread;
                pthread_create(&thread, NULL, use, &it);
                pthread_join(thread, NULL);
                char text[512];
                snprintf(text, sizeof text, "%d %d %s", (int)it.first, (int)it.second, it.message);
                return kong->log->notice(kong, text);
            }
            char text[512];
            snprintf(text, sizeof text, "%d %s%s", (int)status, kong->error(kong).data,
                     kong_string_equals(string, "untouched") ? "" : ", and the result was written");
            return kong->log->notice(kong, text);
        }

        KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config))
        """#

    /// On the event loop, where nobody may wait.
    private static let loopSource = #"""
        #include "kong_pdk.h"
        #include <stdio.h>

        static kong_status handle(const kong_pdk *kong, const void *config) {
            (void)config;
            kong_string host;
            char text[512];
            kong_status status = kong->request->get_header(kong, "host", &host);
            snprintf(text, sizeof text, "%d %s", (int)status, kong->error(kong).data);
            status = kong->flush(kong);
            kong->log->notice(kong, text);
            snprintf(text, sizeof text, "%d %s", (int)status, kong->error(kong).data);
            return kong->log->notice(kong, text);
        }

        KONG_PLUGIN_WITH(0, "1.0.0", 1, 0, NULL, 0, KONG_HANDLER(KONG_ACCESS, handle, void))
        """#

    private static func run(flags: [String] = [], _ body: (TestServer) throws -> Void) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug"], flags: flags,
            prepare: {
                try Plugins.compileWhole(source, named: "misuse", into: $0)
                try Plugins.compileWhole(loopSource, named: "onloop", into: $0)
            }, body)
    }

    private static func play(_ kong: KongClient, _ mode: String) throws -> [PDKCall] {
        let instance = try kong.startInstance("misuse", config: #"{"mode":"\#(mode)"}"#)
        return try kong.handleEvent(instance, "access", answering: exiting)
    }

    private static let expected: [String: String] = [
        "null string": "5 kong.request.get_header: name: it is NULL",
        "null result": "5 kong.request.get_header: the pointer for the result is NULL",
        "negative size": "5 kong.service.request.set_raw_body: body: a size of 18446744073709551615 is no size",
        "bytes at null": "5 kong.service.request.set_raw_body: body: 5 bytes at NULL",
        "wild map": "5 kong.service.request.set_headers: headers: a map of 3 at NULL",
        "wild value": "5 kong.ctx.shared.set: value: a string of 18446744073709551609 bytes at some place",
        "circle": "5 kong.ctx.shared.set: value: its values are nested too deep",
        "odd type": "5 kong.ctx.shared.set: value: a value of the unknown type 99",
        "null kong": "5 kong.log.notice: kong is NULL",
        "wild kong": "5 kong.log.notice: kong is not what the handler was given",
        "copied kong": "5 kong.log.notice: kong is not what the handler was given",
        "middle of kong": "5 kong.log.notice: kong is not what the handler was given",
        "another thread": "9 9 kong.response.get_status: this is not the thread of the event",
    ]

    @Test(arguments: WireProtocolKind.both)
    func whatIsWrongIsSaidAndNothingIsSent(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            for (mode, text) in Self.expected {
                #expect(try Self.play(kong, mode) == [PDKCall("kong.log.notice", [.string(text)])], "\(mode)")
            }
            try server.expectService()
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func whatIsKeptTooLongSaysThatTheEventIsOver(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            #expect(try Self.play(kong, "keep") == [])
            #expect(
                try Self.play(kong, "kept")
                    == [PDKCall("kong.log.notice", ["4 kong.request.get_header: the event is over"])])
            #expect(try Self.play(kong, "after exit").map(\.method) == ["kong.response.exit"])
            try server.waitForLog("after exit: 4 kong.request.get_header: kong.response.exit or error has ended the event")
            // The host has no words for it.
            try server.waitForLog("after exit: 4 kong.flush: the event is over")
            #expect(
                try Self.play(kong, "exit in the middle").map(\.asLua) == [PDKCall("kong.response.exit", [204, "", []])])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func aHandlerThatFailsIsAnswered500(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let failed = try Self.play(kong, "fail").map(\.plain)
            #expect(failed == [.logErr("misuse: access handler failed: the handler returned status 1"), .exit500])
            let words = try Self.play(kong, "fail with words").map(\.plain)
            #expect(words == [.logErr("misuse: access handler failed: kong.request.get_header: name: it is NULL"), .exit500])
        }
    }

    @Test(arguments: WireProtocolKind.both)
    func onAnEventLoopNobodyMayWait(_ wireProtocol: WireProtocolKind) throws {
        try Self.run { server in
            let kong = server.kong(wireProtocol)
            let instance = try kong.startInstance("onloop", config: "{}")
            let reason = "it waits for Kong, and this is an event loop; only a plugin with KONG_PLUGIN_BLOCKING may wait"
            #expect(
                try kong.handleEvent(instance, "access") == [
                    PDKCall("kong.log.notice", [.string("9 kong.request.get_header: \(reason)")]),
                    PDKCall("kong.log.notice", [.string("9 kong.flush: \(reason)")]),
                ])
        }
    }
}
