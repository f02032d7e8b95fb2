import Foundation
import KongClient
import Testing
import WireProtocol

/// The configuration of a plugin in C: a table that becomes Kong's schema, and a struct that has the values.
@Suite struct NativeConfigTests {
    private static let source = #"""
        #include "kong_pdk.h"
        #include <stdio.h>

        struct server { const char *host; int64_t port; };
        static const kong_field server_fields[] = {
            KONG_FIELD(struct server, host, "required: true"),
            KONG_FIELD(struct server, port, "default: 6379, between: [0, 65535]"),
        };
        struct config {
            const char *text;
            kong_string string;
            int64_t integer;
            double number;
            bool boolean;
            kong_strings strings;
            kong_integers integers;
            kong_numbers numbers;
            kong_map map;
            kong_value value;
            struct server server;
            kong_records servers;
            void *connection;
        };
        static const kong_field fields[] = {
            KONG_FIELD(struct config, text, "default: 'it\\'s \"so\"', len_min: 2, match: '^[a-z]'"),
            KONG_FIELD(struct config, string, "len_min: 0"),
            KONG_FIELD(struct config, integer, "default: 3, between: [1, 10]"),
            KONG_FIELD(struct config, number, "default: 2.5e1, gt: 0"),
            KONG_FIELD(struct config, boolean, "default: true"),
            KONG_FIELD(struct config, strings, "type: 'set', elements: {one_of: ['a', 'b']}, default: ['b']"),
            KONG_FIELD(struct config, integers, ""),
            KONG_FIELD(struct config, numbers, "len_max: 2"),
            KONG_FIELD(struct config, map, "values: {type: 'integer'}"),
            KONG_FIELD(struct config, value, "type: 'array', elements: {type: 'boolean'}"),
            KONG_RECORD(struct config, server, server_fields, "required: false"),
            KONG_RECORDS(struct config, servers, struct server, server_fields, "default: []"),
        };

        static kong_status start(struct config *config, const char **message) {
            (void)message;
            config->connection = config;
            return KONG_OK;
        }

        static kong_status handle(const kong_pdk *kong, const struct config *config) {
            char line[1024];
            int n = snprintf(line, sizeof line, "%s|%s|%lld|%g|%d|", config->text,
                             config->string.data ? config->string.data : "-", (long long)config->integer, config->number,
                             config->boolean);
            for (size_t i = 0; i < config->strings.count; i++)
                n += snprintf(line + n, sizeof line - n, "%s ", config->strings.items[i].data);
            for (size_t i = 0; i < config->integers.count; i++)
                n += snprintf(line + n, sizeof line - n, "%lld ", (long long)config->integers.items[i]);
            for (size_t i = 0; i < config->numbers.count; i++)
                n += snprintf(line + n, sizeof line - n, "%g ", config->numbers.items[i]);
            const kong_value *a = kong_map_get(config->map, "a");
            n += snprintf(line + n, sizeof line - n, "|%lld|%u|%s:%lld|", a ? (long long)a->integer : -1, config->value.type,
                          config->server.host ? config->server.host : "-", (long long)config->server.port);
            const struct server *servers = config->servers.items;
            for (size_t i = 0; i < config->servers.count; i++)
                n += snprintf(line + n, sizeof line - n, "%s:%lld ", servers[i].host, (long long)servers[i].port);
            if (config->connection != config) return KONG_FAILED;
            return kong->log->notice(kong, line);
        }

        KONG_PLUGIN("1.2.3-rc1", -5, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config),
                    KONG_START(start, struct config))
        """#

    private static func run(_ body: (TestServer) throws -> Void) throws {
        try TestServer.run(
            ["goplug": "recorded_goplug"], prepare: { try Plugins.compileWhole(source, named: "config", into: $0) }, body)
    }

    private static func line(_ server: TestServer, _ config: String) throws -> [PDKCall] {
        let kong = server.kong(.messagePack)
        let instance = try kong.startInstance("config", config: config)
        return try kong.handleEvent(instance, "access", answering: exiting).map(\.plain)
    }

    @Test func defaultsFillTheStruct() throws {
        try Self.run { server in
            let line = #"it's "so"|-|3|25|1|b |-1|0|-:6379|"#
            for config in ["{}", #"{"text":null,"server":null}"#] {
                let calls = try Self.line(server, config)
                #expect(calls == [PDKCall("kong.log.notice", [.string(line)])])
            }
        }
    }

    /// As real Kong sends it for a plugin on a route, a service or a consumer: with what it has written into the
    /// configuration itself; and with a field that the plugin had when the configuration was made.
    @Test func whatIsNoFieldOfThePluginIsIgnored() throws {
        try Self.run { server in
            let config = #"""
                {"integer":4,"__key__":"plugins:config:r::::w","__seq__":1,"__plugin_id":"p","__ws_id":"w","route_id":"r",
                 "service_id":"s","consumer_id":"c","plugin_instance_name":"one","gone":[1]}
                """#
            let calls = try Self.line(server, config)
            #expect(calls == [PDKCall("kong.log.notice", [.string(#"it's "so"|-|4|25|1|b |-1|0|-:6379|"#)])])
        }
    }

    @Test func valuesFillTheStruct() throws {
        try Self.run { server in
            let config = #"""
                {"text":"zwölf","string":"","integer":10,"number":0.5,"boolean":false,"strings":["a","b"],
                 "integers":[1,-2,9007199254740992],"numbers":[1.5,2],"map":{"a":7},"value":[true],
                 "server":{"host":"h","port":1},"servers":[{"host":"x"},{"host":"y","port":2}]}
                """#
            let line = "zwölf||10|0.5|0|a b 1 -2 9007199254740992 1.5 2 |7|6|h:1|x:6379 y:2 "
            let calls = try Self.line(server, config)
            #expect(calls == [PDKCall("kong.log.notice", [.string(line)])])
        }
    }

    private static let refused: [(config: String, reason: String)] = [
        (#"{"integer":11}"#, "config.integer: value should be between 1 and 10"),
        (#"{"integer":"x"}"#, "config.integer: expected an integer"),
        (#"{"integer":1.5}"#, "config.integer: expected an integer"),
        (#"{"number":0}"#, "config.number: value must be greater than 0"),
        (#"{"text":"x"}"#, "config.text: length must be at least 2"),
        (#"{"text":"1x"}"#, "config.text: invalid value: 1x"),
        (#"{"text":"ab\u0000"}"#, "config.text: expected a text without a NUL, got "),
        (#"{"boolean":1}"#, "config.boolean: expected a boolean"),
        (#"{"strings":["a","c"]}"#, "config.strings[1]: expected one of: a, b"),
        (#"{"numbers":[1,2,3]}"#, "config.numbers: length must be at most 2"),
        (#"{"map":{"a":"b"}}"#, "config.map.a: expected an integer"),
        (#"{"server":{"host":"h","port":65536}}"#, "config.server.port: value should be between 0 and 65535"),
        (#"{"servers":[{"port":1}]}"#, "config.servers[0].host: required field missing"),
        (#"{"server":{"host":"h","nothing":1}}"#, "config.server.nothing: unknown field"),
    ]

    @Test func whatIsNotRightFailsTheStartWithItsPath() throws {
        try Self.run { server in
            for (config, reason) in Self.refused {
                do {
                    _ = try server.kong(.messagePack).startInstance("config", config: config)
                    Issue.record("\(config) is taken")
                } catch {
                    #expect("\(error)".contains(reason), "\(config): \(error)")
                }
            }
            try server.expectService()
        }
    }

    /// It would have Kong's value, whatever the user sets.
    @Test(arguments: ["route_id", "service_id", "consumer_id", "plugin_instance_name", "__seq__"])
    func aFieldThatKongWritesItselfIsRefused(_ name: String) throws {
        let source = #"""
            #include "kong_pdk.h"

            struct config { const char *\#(name); };
            static const kong_field fields[] = {KONG_FIELD(struct config, \#(name), "")};
            static kong_status handle(const kong_pdk *kong, const struct config *config) {
                (void)kong, (void)config;
                return KONG_OK;
            }
            KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config))
            """#
        let plugins = ["goplug": "recorded_goplug"]
        try TestServer.run(plugins, prepare: { try Plugins.compileWhole(source, named: "taken", into: $0) }) { server in
            #expect(server.log.contains("config.\(name): Kong writes a value of its own under that name"))
            try server.expectService()
        }
    }

    @Test func kongGetsTheSchema() throws {
        try Self.run { server in
            let info = try server.kong(.messagePack).getPluginInfo("config")
            #expect(info["Version"] == "1.2.3-rc1")
            #expect(info["Priority"] == -5)
            #expect(info["Phases"] == ["access"])
            let config = info["Schema"]?["fields"]?.items?.first?["config"]
            #expect(config?["type"] == "record")
            let fields = config?["fields"]?.items ?? []
            #expect(fields.count == 12)
            #expect(fields.first == ["text": ["type": "string", "default": #"it's "so""#, "len_min": 2, "match": "^[a-z]"]])
            #expect(
                fields[5] == ["strings": ["type": "set", "elements": ["type": "string", "one_of": ["a", "b"]], "default": ["b"]]])
            #expect(fields[8]["map"]?["values"] == ["type": "integer"])
            #expect(fields[11]["servers"]?["elements"]?["type"] == "record")
        }
    }
}
