import KongClient
import WireProtocol

/// Each function of KongPDK, with arguments at their limits.
enum PDKCases {
    static let all = client + node + request + response + service

    private static let long = OwnedValue.string(String(repeating: "x", count: 70_000))
    /// UTF-8, though not plain.
    static let text: OwnedValue = "zwölf\0\n🐻"
    static let odd = OwnedValue.string([0xFF, 0x00, 0x80, 0x41])
    private static let uuid: OwnedValue = "0a1b2c3d-4E5F-6789-abcd-ef0123456789"

    private static let client: [PDKCase] = [
        PDKCase("kong.client.get_ip", [], "::1"),
        PDKCase("kong.client.get_ip", in: "rewrite", [], "10.0.0.1"),
        PDKCase("kong.client.get_forwarded_ip", in: "preread", [], "192.168.0.1"),
        PDKCase("kong.client.get_port", [], 65535),
        PDKCase("kong.client.get_forwarded_port", [], 1),
        PDKCase("kong.client.get_protocol", [true], "https"),
        PDKCase("kong.client.get_protocol", in: "response", [false], nil),
        PDKCase(
            "kong.client.get_consumer", in: "log", [],
            ["id": "c", "username": text, "custom_id": "x", "tags": ["a"], "created_at": 9]),
        PDKCase(
            "kong.client.get_consumer", [], ["id": "c"],
            result: ["id": "c", "username": nil, "custom_id": nil, "tags": [], "created_at": nil]),
        PDKCase("kong.client.get_consumer", [], nil),
        PDKCase("kong.client.get_credential", [], ["id": "k", "consumer_id": "c"]),
        PDKCase("kong.client.get_credential", [], nil),
        PDKCase(
            "kong.client.load_consumer", [uuid, false], ["id": uuid],
            result: ["id": uuid, "username": nil, "custom_id": nil, "tags": [], "created_at": nil]),
        PDKCase("kong.client.load_consumer", [text, true], nil),
        PDKCase("kong.client.authenticate", [["id": "c"], ["id": "k", "consumer_id": "c"]]),
        PDKCase("kong.client.authenticate", [["id": "c"]]),
        PDKCase("kong.client.authenticate", [nil, ["id": "k"]]),
        PDKCase("kong.ip.is_trusted", in: "log", ["fe80::1"], true),
        PDKCase("kong.ip.is_trusted", [text], false),

        PDKCase("kong.client.tls.request_client_certificate", in: "certificate", [], true),
        PDKCase("kong.client.tls.disable_session_reuse", in: "certificate", [], true),
        PDKCase("kong.client.tls.get_full_client_certificate_chain", [], "-----BEGIN CERTIFICATE-----\n"),
        PDKCase("kong.client.tls.get_full_client_certificate_chain", [], nil),
        PDKCase("kong.client.tls.set_client_verify", ["SUCCESS"]),
        PDKCase("kong.client.tls.set_client_verify", ["NONE"]),
        PDKCase("kong.client.tls.set_client_verify", in: "response", ["FAILED:self-signed"]),

        PDKCase("kong.ctx.shared.get", in: "log", ["key"], ["a": [1, -1.5, true, odd]]),
        PDKCase("kong.ctx.shared.get", [text], nil),
        PDKCase("kong.ctx.shared.set", in: "certificate", [text, ["a": [1, [:], false]]], result: nil),
        PDKCase("kong.ctx.shared.set", ["key", odd]),
        PDKCase("kong.ctx.shared.set", ["", nil]),
    ]

    private static let node: [PDKCase] =
        ["alert", "crit", "debug", "err", "info", "notice", "warn"].map { PDKCase("kong.log.\($0)", in: "log", [text]) } + [
            PDKCase("kong.log.notice", [long]),
            PDKCase("kong.log.err", [""]),
            PDKCase("kong.log.emerg", [text]),
            PDKCase("kong.log.inspect", [["a": [1, nil]], text]),
            PDKCase("kong.log.deprecation", ["old"]),
            PDKCase("kong.log.deprecation", ["old", ["after": "2.5.0", "removal": "3.0.0", "trace": true]]),
            PDKCase("kong.log.set_serialize_value", ["a.b", ["c": [1.5, text]]]),
            PDKCase("kong.log.set_serialize_value", in: "response", ["a", nil]),
            PDKCase("kong.log.serialize", in: "log", [], #"{"a":1}"#),
            PDKCase("kong.log.serialize", in: "log", [], odd, result: "\u{FFFD}\0\u{FFFD}A"),
            PDKCase("kong.log.serialize bytes", in: "log", [], odd),

            PDKCase("kong.nginx.get_var", ["request_id"], text),
            PDKCase("kong.nginx.get_var", ["nothing"], nil),
            PDKCase("kong.nginx.get_var bytes", ["args"], odd),
            PDKCase("kong.nginx.get_tls1_version_str", in: "certificate", [], "TLSv1.3"),
            PDKCase("kong.nginx.get_tls1_version_str", [], nil),
            PDKCase("kong.nginx.get_ctx", ["KONG_PROCESSING_START"], 1_700_000_000_123),
            PDKCase("kong.nginx.set_ctx", ["k", [[], "v"]]),
            PDKCase("kong.nginx.req_start_time", in: "log", [], 1_700_000_000.125),
            PDKCase("kong.nginx.get_subsystem", in: "preread", [], "stream"),
            PDKCase(
                "kong.nginx.get_statistics", [],
                [
                    "connections_active": 1, "connections_reading": 2, "connections_writing": 3, "connections_waiting": 4,
                    "connections_accepted": 5, "connections_handled": 6, "total_requests": 9_007_199_254_740_992,
                ], result: [1, 2, 3, 4, 5, 6, 9_007_199_254_740_992]),

            PDKCase("kong.node.get_id", [], uuid),
            PDKCase("kong.node.get_hostname", in: "certificate", [], "kong-1"),
            PDKCase(
                "kong.node.get_memory_stats", [],
                [
                    "lua_shared_dicts": [
                        "kong": ["allocated_slabs": 1, "capacity": 2], "kong_db_cache": ["capacity": 1_099_511_627_776],
                    ],
                    "workers_lua_vms": [["http_allocated_gc": 8, "pid": 7], ["pid": 9]],
                ], result: ["areas": ["kong": [1, 2], "kong_db_cache": [0, 1_099_511_627_776]], "workers": [[7, 8], [9, nil]]]),
            PDKCase("kong.cluster.get_id", [], uuid),
            PDKCase("kong.cluster.get_id", [], nil),
            PDKCase("kong.plugin.get_id", in: "log", [], uuid),
            PDKCase(
                "kong.router.get_route", [],
                [
                    "id": uuid, "name": "n", "created_at": 1, "updated_at": 2, "protocols": ["http", "https"],
                    "methods": ["GET"], "hosts": ["h"], "paths": ["/", text], "https_redirect_status_code": 426,
                    "regex_priority": -1, "strip_path": true, "preserve_host": true, "snis": ["s"], "tags": ["t"],
                    "service": ["id": "s"],
                ],
                result: [
                    "id": uuid, "name": "n", "created_at": 1, "updated_at": 2, "protocols": ["http", "https"],
                    "methods": ["GET"], "hosts": ["h"], "paths": ["/", text], "redirect": 426, "regex_priority": -1,
                    "strip_path": true, "preserve_host": true, "snis": ["s"], "tags": ["t"], "service": "s",
                ]),
            PDKCase("kong.router.get_route", in: "log", [], nil),
            PDKCase(
                "kong.router.get_service", [],
                [
                    "id": uuid, "name": "n", "created_at": 1, "updated_at": 2, "retries": 5, "protocol": "https", "host": "h",
                    "port": 443, "path": "/", "connect_timeout": 3, "write_timeout": 4, "read_timeout": 2_147_483_646,
                    "tags": ["t"], "client_certificate": ["id": "c"],
                ],
                result: [
                    "id": uuid, "name": "n", "created_at": 1, "updated_at": 2, "retries": 5, "protocol": "https", "host": "h",
                    "port": 443, "path": "/", "timeouts": [3, 4, 2_147_483_646], "tags": ["t"], "certificate": "c",
                ]),
            PDKCase("kong.router.get_service", [], nil),
            PDKCase("kong.telemetry.log", ["hello", ["__plugin_id": uuid], "t", text, ["a": 1]], true),
            PDKCase("kong.telemetry.log", in: "log", ["hello", [:], "t", ""], true),

            PDKCase("kong.vault.get", ["{vault://env/a}"], text),
            PDKCase("kong.vault.get", ["x"], nil),
            PDKCase("kong.vault.get bytes", in: "certificate", ["{vault://env/a}"], odd),
            PDKCase("kong.vault.is_reference", ["{vault://env/a}"], true),
            PDKCase(
                "kong.vault.parse_reference", ["{vault://env/cert/key?prefix=SSL_#1}"],
                ["name": "env", "resource": "cert", "key": "key", "config": ["prefix": "SSL_"], "version": 1]),
            PDKCase("kong.vault.parse_reference", ["x"], nil),
            PDKCase(
                "kong.vault.update", [["a": "old", "$refs": ["a": "{vault://env/a}"]]],
                ["a": "new", "$refs": ["a": "{vault://env/a}"]]),
            PDKCase("kong.vault.warmup", [["{vault://env/a}"]]),
            PDKCase("kong.vault.flush"),
        ]

    private static let request: [PDKCase] = [
        PDKCase("kong.request.get_scheme", [], "https"),
        PDKCase("kong.request.get_host", in: "rewrite", [], "localhost"),
        PDKCase("kong.request.get_host bytes", [], odd),
        PDKCase("kong.request.get_port", in: "preread", [], 65535),
        PDKCase("kong.request.get_forwarded_scheme", [], "http"),
        PDKCase("kong.request.get_forwarded_host", [], "example.com"),
        PDKCase("kong.request.get_forwarded_host bytes", [], odd),
        PDKCase("kong.request.get_forwarded_port", [], 443),
        PDKCase("kong.request.get_forwarded_path", [], text),
        PDKCase("kong.request.get_forwarded_path bytes", [], odd),
        PDKCase("kong.request.get_forwarded_prefix", [], "/v1"),
        PDKCase("kong.request.get_forwarded_prefix", [], nil),
        PDKCase("kong.request.get_forwarded_prefix bytes", [], odd),
        PDKCase("kong.request.get_http_version", [], 1.1, result: "HTTP/1.1"),
        PDKCase("kong.request.get_http_version", [], 2, result: "HTTP/2.0"),
        PDKCase("kong.request.get_method", [], "PROPFIND"),
        PDKCase("kong.request.get_path", in: "response", [], text),
        PDKCase("kong.request.get_path", [], long),
        PDKCase("kong.request.get_path bytes", [], odd),
        PDKCase("kong.request.get_raw_path", [], "/%7Ea"),
        PDKCase("kong.request.get_raw_path bytes", [], odd),
        PDKCase("kong.request.get_path_with_query", [], "/?a"),
        PDKCase("kong.request.get_path_with_query bytes", [], odd),
        PDKCase("kong.request.get_raw_query", [], ""),
        PDKCase("kong.request.get_raw_query bytes", [], odd),
        query("kong.request.get_query_arg", ["a"], ["a": ["1", "2"], "b": "3"], result: "1"),
        query("kong.request.get_query_arg", ["b"], ["a": ["1", "2"], "b": "3"], result: "3"),
        query("kong.request.get_query_arg", ["c"], ["a": "1"], result: nil),
        query("kong.request.get_query_arg", ["flag"], ["flag": true], result: ""),
        query("kong.request.get_query_arg bytes", ["a"], ["a": odd], result: odd),
        PDKCase(
            "kong.request.get_query", [1000], ["a": ["1", "2"], "flag": true, "odd": odd],
            result: ["a": ["1", "2"], "flag": [true], "odd": [odd]]),
        PDKCase("kong.request.get_query", [], sent: [100], [:]),
        PDKCase("kong.request.get_header", in: "log", ["Host"], text),
        PDKCase("kong.request.get_header", [long], nil),
        PDKCase("kong.request.get_header bytes", ["x"], odd),
        PDKCase(
            "kong.request.get_headers", in: "log", [1], ["host": "a", "x": ["1", odd]],
            result: ["host": ["a"], "x": ["1", odd]]),
        PDKCase("kong.request.get_headers", [], sent: [100], [:]),
        PDKCase("kong.request.get_start_time", in: "log", [], 1_700_000_000_123),
        PDKCase(
            "kong.request.get_uri_captures", [], ["unnamed": ["a", odd, ""], "named": ["id": odd]],
            result: ["all": ["a", odd, ""], "named": ["id": odd]]),
        PDKCase("kong.request.get_uri_captures", [], ["unnamed": [], "named": [:]], result: ["all": [], "named": [:]]),
        PDKCase(
            "kong.request.get_body", ["application/json", 1, 1], ["a": [1.5, true, text]]),
        PDKCase("kong.request.get_body", ["text/plain"], sent: ["text/plain", 100, 67_108_864], nil),
        PDKCase(
            "kong.request.get_body",
            exchange: [
                (PDKCall("kong.request.get_header", ["content-type"]), .value("multipart/form-data; boundary=x")),
                (
                    PDKCall("kong.request.get_body", ["multipart/form-data; boundary=x", 100, 67_108_864]),
                    .value(["a": ["b"]])
                ),
            ], result: ["a": ["b"]]),
        PDKCase(
            "kong.request.get_body",
            exchange: [
                (PDKCall("kong.request.get_header", ["content-type"]), .value(nil)),
                (PDKCall("kong.request.get_body"), .value(nil)),
            ], result: nil as OwnedValue),
    ]

    /// Asked for with all other arguments.
    private static func query(
        _ function: String, _ arguments: [OwnedValue], _ reply: OwnedValue, result: OwnedValue
    ) -> PDKCase {
        PDKCase(
            function, arguments, exchange: [(PDKCall("kong.request.get_query", [100]), .value(reply))], result: result)
    }

    private static let response: [PDKCase] = [
        PDKCase("kong.response.get_status", in: "log", [], 599),
        PDKCase("kong.response.get_header", in: "response", ["x"], text),
        PDKCase("kong.response.get_header", in: "log", ["x"], nil),
        PDKCase("kong.response.get_header bytes", in: "log", ["x"], odd),
        PDKCase("kong.response.get_headers", in: "response", [1000], ["a": ["1", "2"]]),
        PDKCase("kong.response.get_headers", in: "log", [], sent: [100], [:]),
        PDKCase("kong.response.get_source", in: "log", [], "service"),
        PDKCase("kong.response.set_status", in: "rewrite", [100]),
        PDKCase("kong.response.set_status", [599]),
        PDKCase("kong.response.set_header", in: "response", ["x", text]),
        PDKCase("kong.response.set_header", [text, ""]),
        PDKCase("kong.response.set_header bytes", ["x", odd]),
        PDKCase("kong.response.add_header", [long, long]),
        PDKCase("kong.response.add_header bytes", ["x", odd]),
        PDKCase("kong.response.clear_header", [""]),
        PDKCase("kong.response.set_headers", [["a": "1", "b": ["1", odd]]]),
        PDKCase("kong.response.set_headers", [[:]]),
        .exit("kong.response.exit", in: "rewrite", [100], sent: [100, ""]),
        .exit("kong.response.exit", in: "response", [599, text]),
        .exit("kong.response.exit", in: "preread", [403, "no"]),
        .exit("kong.response.exit", [200, long, ["a": ["1", "2"]]]),
        .exit("kong.response.exit bytes", [204]),
        .exit("kong.response.exit bytes", [200, odd]),
        .exit("kong.response.exit bytes", [200, nil, ["a": odd]], sent: [200, "", ["a": odd]]),
        .exit(
            "kong.response.exit message", [403, "no \"\u{1F}\\é"],
            sent: [403, "{\"message\":\"no \\\"\\u001f\\\\é\"}", ["Content-Type": "application/json; charset=utf-8"]]),
        .exit(
            "kong.response.exit message", [403, "", ["content-type": "a/b", "x": "y"]],
            sent: [403, #"{"message":""}"#, ["content-type": "a/b", "x": "y"]]),
        .exit("kong.response.error", in: "rewrite", [400]),
        .exit("kong.response.error", [599, text]),
        .exit("kong.response.error", in: "response", [404, "", ["content-type": "text/html"]]),
    ]

    private static let service: [PDKCase] = [
        PDKCase("kong.service.set_upstream", ["up"], true),
        PDKCase("kong.service.set_upstream", ["up"], nil, result: false),
        PDKCase("kong.service.set_target", in: "preread", ["::1", 0]),
        PDKCase("kong.service.set_target", [text, 65535]),
        PDKCase("kong.service.set_retries", [0]),
        PDKCase("kong.service.set_retries", [32767]),
        PDKCase("kong.service.set_timeouts", [1, 60000, 2_147_483_646]),
        PDKCase("kong.service.set_tls_verify", in: "preread", [true], true),
        PDKCase("kong.service.set_tls_verify_depth", [2_147_483_647], true),

        PDKCase("kong.service.request.set_scheme", ["https"]),
        PDKCase("kong.service.request.set_path", in: "rewrite", ["/"]),
        PDKCase("kong.service.request.set_path bytes", [.string(Array("/".utf8) + [0xFF])]),
        PDKCase("kong.service.request.set_raw_query", [""]),
        PDKCase("kong.service.request.set_raw_query bytes", [odd]),
        PDKCase("kong.service.request.set_query", [["a": ["1", true], "b": true, "c": odd]]),
        PDKCase("kong.service.request.clear_query_arg", [text]),
        PDKCase("kong.service.request.set_method", ["UNLOCK"]),
        PDKCase("kong.service.request.set_header", ["Host", text]),
        PDKCase("kong.service.request.set_header bytes", ["x", odd]),
        PDKCase("kong.service.request.add_header", ["x", ""]),
        PDKCase("kong.service.request.add_header bytes", ["x", odd]),
        PDKCase("kong.service.request.clear_header", in: "rewrite", ["x"]),
        PDKCase("kong.service.request.set_headers", [["a": ["1", "2"], "b": text]]),
        PDKCase("kong.service.request.set_raw_body", [odd]),
        PDKCase("kong.service.request.set_raw_body", [""]),
        PDKCase("kong.service.request.set_raw_body", [long]),
        PDKCase("kong.service.request.set_body", [[1, ["a": text]], "application/json; charset=utf-8"], result: true),
        PDKCase("kong.service.request.set_body", [["a": ["1", "2"]]], true),
        PDKCase("kong.service.request.enable_buffering", in: "rewrite"),
        PDKCase("kong.service.request.disable_tls", in: "preread", [], true),

        PDKCase("kong.service.response.get_status", in: "response", [], 200),
        PDKCase("kong.service.response.get_status", in: "response", [], nil),
        PDKCase("kong.service.response.get_header", in: "response", ["x"], text),
        PDKCase("kong.service.response.get_header bytes", in: "response", ["x"], odd),
        PDKCase("kong.service.response.get_headers", in: "response", [1], ["a": "1"], result: ["a": ["1"]]),
        PDKCase("kong.service.response.get_headers", in: "response", [], sent: [100], [:]),
        PDKCase("kong.service.response.get_raw_body", in: "response", [], odd),
        PDKCase("kong.service.response.get_raw_body", in: "response", [], long),
        PDKCase("kong.service.response.get_body", in: "response", [], ["a": text]),
        PDKCase("kong.service.response.get_body", in: "response", ["application/json", 1000], [1, "x"]),
    ]
}
