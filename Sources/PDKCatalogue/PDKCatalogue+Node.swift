// Where the rows come from: names and messages from the service `Kong` in Kong's pluginsocket.proto (master), the names
// made as rpc/pb_rpc.lua makes them; those that only MessagePack can call from kong/pdk/*.lua of 2.8.5 and 3.9.1, for
// rpc/mp_rpc.lua calls whatever function it finds by its name; parameters and results from the documentation comments
// there. What 3.9.1 returns as nil and an error's text is optional: its mp_rpc.lua passes the nil on, and not the text.
//
// What is missing, since a plugin server has no use for it or cannot call it:
// - Arguments that are functions or C data: kong.service.set_tls_cert_key, set_tls_verify_store,
//   set_target_retry_callback; kong.vault.try. kong.client.tls.request_client_certificate without its certificates.
// - Results that are Lua objects with functions: kong.log.new; all of kong.tracing, whose spans and tracers are such.
// - kong.log itself (kong.log.notice is the same); kong.log.set_format, kong.log.inspect.on and off: they change the
//   log of whichever plugin was the first to call a function of kong.log, for mp_rpc.lua keeps what it finds first.
// - kong.ctx.plugin, kong.ctx.KEY, kong.configuration, kong.version: tables and strings, which cannot be called.
// - kong.table: it makes and changes Lua tables, and what comes here is a copy.
// - kong.vault.init_worker, kong.configuration.remove_sensitive: Kong's own.
// - The unit and scale of kong.node.get_memory_stats: they only make text of its numbers.

extension PDKCatalogue {
    static let clientMethods: [PDKMethod] = [
        PDKMethod("kong.client.get_ip", (.empty, .string), in: .connected, returns: .always(.string)),
        PDKMethod("kong.client.get_forwarded_ip", (.empty, .string), in: .connected, returns: .always(.string)),
        PDKMethod("kong.client.get_port", (.empty, .int), in: .connected, returns: .always(.integer)),
        PDKMethod("kong.client.get_forwarded_port", (.empty, .int), in: .connected, returns: .always(.integer)),
        PDKMethod(
            "kong.client.get_credential", (.empty, .authenticatedCredential), in: .routed, returns: .optional(.record)),
        PDKMethod(
            "kong.client.load_consumer", (.consumerSpec, .consumer), in: .routed,
            [.required("consumer_id", .string), .optional("search_by_username", .boolean)], returns: .optional(.record)),
        PDKMethod("kong.client.get_consumer", (.empty, .consumer), in: .routed, returns: .optional(.record)),
        PDKMethod(
            "kong.client.authenticate", (.authenticateArgs, .empty), in: .access,
            [.optional("consumer", .record), .optional("credential", .record)]),
        PDKMethod(
            "kong.client.get_protocol", (.bool, .string), in: [.access, .response], [.optional("allow_terminated", .boolean)],
            returns: .optional(.string)),
        PDKMethod(
            "kong.ip.is_trusted", (.string, .bool), in: .all, [.required("address", .string)],
            returns: .always(.boolean)),
    ]

    static let tlsMethods: [PDKMethod] = [
        PDKMethod(
            "kong.client.tls.request_client_certificate", nil, since: KongVersion(2, 1), in: .certificate,
            returns: .optional(.boolean)),
        PDKMethod(
            "kong.client.tls.disable_session_reuse", nil, since: KongVersion(2, 1), in: .certificate,
            returns: .optional(.boolean)),
        // Its REWRITE_AND_LATER has log, but the chain is the connection's, which is gone there.
        PDKMethod(
            "kong.client.tls.get_full_client_certificate_chain", nil, since: KongVersion(2, 1), in: .requestAlive,
            returns: .optional(.string)),
        PDKMethod(
            "kong.client.tls.set_client_verify", nil, since: KongVersion(2, 1), in: .requestAlive,
            [.required("v", .string)]),
        // In client_hello only.
        PDKMethod(
            "kong.client.tls.disable_http2_alpn", nil, since: KongVersion(3, 9), in: .none, returns: .optional(.boolean)),
    ]

    static let contextMethods: [PDKMethod] = [
        PDKMethod(
            "kong.ctx.shared.set", (.keyValue, .empty), since: KongVersion(2, 1), in: .all,
            [.required("key", .string), .optional("value", .any)]),
        PDKMethod(
            "kong.ctx.shared.get", (.string, .value), since: KongVersion(2, 1), in: .all, [.required("key", .string)],
            returns: .optional(.any)),
    ]

    static let nginxMethods: [PDKMethod] = [
        PDKMethod(
            "kong.nginx.get_var", (.string, .string), in: .connected, [.required("name", .string)],
            returns: .optional(.string)),
        PDKMethod("kong.nginx.get_tls1_version_str", (.empty, .string), in: .alive, returns: .optional(.string)),
        // Its message for a result is String, but the function returns nothing.
        PDKMethod(
            "kong.nginx.set_ctx", (.keyValue, .string), since: KongVersion(2, 1), in: .all,
            [.required("key", .string), .optional("value", .any)]),
        PDKMethod(
            "kong.nginx.get_ctx", (.string, .value), in: .all, [.required("key", .string)], returns: .optional(.any)),
        PDKMethod("kong.nginx.req_start_time", (.empty, .number), in: .all, returns: .always(.number)),
        PDKMethod("kong.nginx.get_subsystem", (.empty, .string), in: .all, returns: .always(.string)),
        PDKMethod("kong.nginx.get_statistics", nil, since: KongVersion(3, 0), in: .all, returns: .always(.record)),
    ]

    static let logMethods: [PDKMethod] =
        (["kong.log.alert", "kong.log.crit", "kong.log.err", "kong.log.warn", "kong.log.notice", "kong.log.info", "kong.log.debug"]
        as [StaticString]).map { name in
            PDKMethod(
                name, (.listValue, .empty), in: .all, [.optional("message", .any)], isVariadic: true)
        } + [
            PDKMethod("kong.log.emerg", nil, in: .all, [.optional("message", .any)], isVariadic: true),
            PDKMethod("kong.log.inspect", nil, in: .all, [.optional("value", .any)], isVariadic: true),
            // If the last argument is a map, it is about the others: {after, removal, trace}.
            PDKMethod(
                "kong.log.deprecation", nil, since: KongVersion(2, 6), in: .all, [.optional("message", .any)],
                isVariadic: true),
            // Kong makes the record before a plugin server's log phase begins: in it the call would have no effect.
            // The options are {mode: "set", "add" or "replace"}.
            PDKMethod(
                "kong.log.set_serialize_value", (.keyValue, .empty), since: KongVersion(2, 3), in: .requestAlive,
                [.required("key", .string), .optional("value", .any), .optional("options", .record)]),
            PDKMethod("kong.log.serialize", (.empty, .string), in: .log, returns: .always(.string)),
        ]

    static let nodeMethods: [PDKMethod] = [
        PDKMethod("kong.node.get_id", (.empty, .string), in: .all, returns: .always(.string)),
        PDKMethod("kong.node.get_memory_stats", (.empty, .memoryStats), in: .all, returns: .always(.record)),
        PDKMethod("kong.node.get_hostname", nil, since: KongVersion(2, 3), in: .all, returns: .always(.string)),
        PDKMethod("kong.cluster.get_id", nil, since: KongVersion(2, 3), in: .all, returns: .optional(.string)),
        PDKMethod("kong.plugin.get_id", nil, since: KongVersion(3, 3), in: .request, returns: .optional(.string)),
        PDKMethod("kong.router.get_route", (.empty, .route), in: .routed, returns: .optional(.record)),
        PDKMethod("kong.router.get_service", (.empty, .service), in: .routed, returns: .optional(.record)),
        PDKMethod(
            "kong.telemetry.log", nil, since: KongVersion(3, 8), in: .request,
            [
                .required("plugin_name", .string), .required("plugin_config", .record), .required("message_type", .string),
                .optional("message", .string), .optional("attributes", .record),
            ], returns: .optional(.boolean)),
    ]

    static let vaultMethods: [PDKMethod] = [
        PDKMethod(
            "kong.vault.get", nil, since: KongVersion(2, 8), in: .all, [.required("reference", .string)],
            returns: .optional(.string)),
        PDKMethod(
            "kong.vault.is_reference", nil, since: KongVersion(2, 8), in: .all, [.required("reference", .string)],
            returns: .always(.boolean)),
        PDKMethod(
            "kong.vault.parse_reference", nil, since: KongVersion(2, 8), in: .all, [.required("reference", .string)],
            returns: .optional(.record)),
        PDKMethod(
            "kong.vault.update", nil, since: KongVersion(3, 4), in: .all, [.required("options", .record)],
            returns: .always(.record)),
        PDKMethod("kong.vault.warmup", nil, since: KongVersion(3, 5), in: .all, [.required("input", .table)]),
        PDKMethod("kong.vault.flush", nil, since: KongVersion(3, 3), in: .all),
    ]
}
