// Where the rows come from: names and messages from the service `Kong` in Kong's pluginsocket.proto (master), the names
// made as rpc/pb_rpc.lua makes them; phases from the check_phase calls of kong/pdk/*.lua in 3.9.1, joined with what
// 2.8.5 allows and with the functions that runloop/plugin_servers/plugin.lua answers from saved data in the log phase;
// parameters and results from the documentation comments there. A method without a phase check is allowed everywhere.

extension PhaseSet {
    /// `PHASES.request`: everything that has an HTTP request. Kong runs no plugin server in its other phases.
    fileprivate static let request: PhaseSet = [.rewrite, .access, .response, .log]
    /// The same without `log`, which Kong runs for plugin servers from a timer. What reads nginx's variables raises an error
    /// there ("API disabled in the current context", seen on 3.9.1 whatever check_phase says), and worse: after it Kong
    /// leaves this request's saved data to the coroutine, where a later request's plugin may read it. So it is refused here.
    fileprivate static let requestAlive: PhaseSet = [.rewrite, .access, .response]
    fileprivate static let alive: PhaseSet = .all.subtracting(.log)
    /// `AUTH_AND_LATER`, `ROUTER_PHASES`.
    fileprivate static let routed: PhaseSet = [.access, .response, .log]
    /// `header_body_log`.
    fileprivate static let answered: PhaseSet = [.response, .log]
    /// `rewrite_access_header`.
    fileprivate static let answering: PhaseSet = [.rewrite, .access, .response]
    /// `access_and_rewrite`, `access_rewrite_balancer`.
    fileprivate static let proxying: PhaseSet = [.rewrite, .access]
}

extension PDKCatalogue {
    static let clientMethods: [PDKMethod] = [
        PDKMethod("kong.client.get_ip", (.empty, .string), in: .alive, returns: .always(.string)),
        PDKMethod("kong.client.get_forwarded_ip", (.empty, .string), in: .alive, returns: .always(.string)),
        PDKMethod("kong.client.get_port", (.empty, .int), in: .alive, returns: .always(.integer)),
        PDKMethod("kong.client.get_forwarded_port", (.empty, .int), in: .alive, returns: .always(.integer)),
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

    static let contextMethods: [PDKMethod] = [
        PDKMethod(
            "kong.ctx.shared.set", (.keyValue, .empty), in: .all, [.required("key", .string), .optional("value", .any)]),
        PDKMethod(
            "kong.ctx.shared.get", (.string, .value), in: .all, [.required("key", .string)], returns: .optional(.any)),
        PDKMethod(
            "kong.nginx.get_var", (.string, .string), in: .alive, [.required("name", .string)],
            returns: .optional(.string)),
        PDKMethod("kong.nginx.get_tls1_version_str", (.empty, .string), in: .alive, returns: .optional(.string)),
        // Its message for a result is String, but the function returns nothing.
        PDKMethod(
            "kong.nginx.set_ctx", (.keyValue, .string), in: .all, [.required("key", .string), .optional("value", .any)]),
        PDKMethod(
            "kong.nginx.get_ctx", (.string, .value), in: .all, [.required("key", .string)], returns: .optional(.any)),
        PDKMethod("kong.nginx.req_start_time", (.empty, .number), in: .all, returns: .always(.number)),
        PDKMethod("kong.nginx.get_subsystem", (.empty, .string), in: .all, returns: .always(.string)),
    ]

    static let logMethods: [PDKMethod] =
        ["alert", "crit", "err", "warn", "notice", "info", "debug"].map { level in
            PDKMethod(
                "kong.log.\(level)", (.listValue, .empty), in: .all, [.optional("message", .any)], isVariadic: true)
        } + [
            // Kong makes the record before a plugin server's log phase begins: in it the call would have no effect.
            PDKMethod(
                "kong.log.set_serialize_value", (.keyValue, .empty), in: .requestAlive,
                [.required("key", .string), .optional("value", .any)]),
            PDKMethod("kong.log.serialize", (.empty, .string), in: .log, returns: .always(.string)),
        ]

    static let nodeMethods: [PDKMethod] = [
        PDKMethod("kong.node.get_id", (.empty, .string), in: .all, returns: .always(.string)),
        PDKMethod("kong.node.get_memory_stats", (.empty, .memoryStats), in: .all, returns: .always(.record)),
        PDKMethod("kong.router.get_route", (.empty, .route), in: .routed, returns: .optional(.record)),
        PDKMethod("kong.router.get_service", (.empty, .service), in: .routed, returns: .optional(.record)),
    ]

    static let requestMethods: [PDKMethod] = [
        PDKMethod("kong.request.get_scheme", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_host", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_port", (.empty, .int), in: .alive, returns: .always(.integer)),
        PDKMethod("kong.request.get_forwarded_scheme", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_forwarded_host", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_forwarded_port", (.empty, .int), in: .requestAlive, returns: .always(.integer)),
        PDKMethod("kong.request.get_http_version", (.empty, .number), in: .requestAlive, returns: .always(.number)),
        PDKMethod("kong.request.get_method", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_path", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_path_with_query", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_raw_query", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        // `true` for an argument without a value; ProtoBuf:1's String cannot say so, and Kong raises an error there.
        PDKMethod(
            "kong.request.get_query_arg", (.string, .string), in: .requestAlive, [.required("name", .string)],
            returns: .optional(.scalar)),
        PDKMethod(
            "kong.request.get_query", (.int, .structure), in: .requestAlive, [.optional("max_args", .integer)],
            returns: .always(.multimap)),
        PDKMethod(
            "kong.request.get_header", (.string, .string), in: .request, [.required("name", .string)],
            returns: .optional(.string)),
        PDKMethod(
            "kong.request.get_headers", (.int, .structure), in: .request, [.optional("max_headers", .integer)],
            returns: .always(.multimap)),
        PDKMethod("kong.request.get_raw_body", (.empty, .rawBodyResult), in: .answering, returns: .always(.body)),
        PDKMethod(
            "kong.request.get_uri_captures", (.empty, .uriCapturesResult), in: .request, returns: .always(.captures)),
    ]

    static let responseMethods: [PDKMethod] = [
        PDKMethod("kong.response.get_status", (.empty, .int), in: .answered, returns: .always(.integer)),
        PDKMethod(
            "kong.response.get_header", (.string, .string), in: .answered, [.required("name", .string)],
            returns: .optional(.string)),
        PDKMethod(
            "kong.response.get_headers", (.int, .structure), in: .answered, [.optional("max_headers", .integer)],
            returns: .always(.multimap)),
        PDKMethod("kong.response.get_source", (.empty, .string), in: .answered, returns: .always(.string)),
        PDKMethod("kong.response.set_status", (.int, .empty), in: .answering, [.required("status", .integer)]),
        PDKMethod(
            "kong.response.set_header", (.keyValue, .empty), in: .answering,
            [.required("name", .string), .required("value", .headerValue)]),
        PDKMethod(
            "kong.response.add_header", (.keyValue, .empty), in: .answering,
            [.required("name", .string), .required("value", .headerValue)]),
        PDKMethod("kong.response.clear_header", (.string, .empty), in: .answering, [.required("name", .string)]),
        PDKMethod("kong.response.set_headers", (.structure, .empty), in: .answering, [.required("headers", .multimap)]),
        // The stream subsystem checks no phase in it; preread is the one that its documentation names.
        PDKMethod(
            "kong.response.exit", (.exitArgs, .empty), in: .answering.union(.preread),
            [.required("status", .integer), .optional("body", .bytes), .optional("headers", .multimap)], endsEvent: true
        ),
    ]

    static let serviceMethods: [PDKMethod] = [
        // True, or nil if there is no such upstream. Before 3.7 the message was Empty: nil there tells nothing.
        PDKMethod(
            "kong.service.set_upstream", (.string, .bool), in: .access, [.required("host", .string)],
            returns: .optional(.boolean)),
        PDKMethod(
            "kong.service.set_target", (.target, .empty), in: .proxying.union(.preread),
            [.required("host", .string), .required("port", .integer)]),
        PDKMethod("kong.service.request.set_scheme", (.string, .empty), in: .proxying, [.required("scheme", .string)]),
        PDKMethod("kong.service.request.set_path", (.string, .empty), in: .proxying, [.required("path", .string)]),
        PDKMethod(
            "kong.service.request.set_raw_query", (.string, .empty), in: .proxying, [.required("query", .string)]),
        PDKMethod("kong.service.request.set_method", (.string, .empty), in: .proxying, [.required("method", .string)]),
        PDKMethod(
            "kong.service.request.set_query", (.structure, .empty), in: .proxying, [.required("args", .multimap)]),
        PDKMethod(
            "kong.service.request.set_header", (.keyValue, .empty), in: .proxying,
            [.required("name", .string), .required("value", .headerValue)]),
        PDKMethod(
            "kong.service.request.add_header", (.keyValue, .empty), in: .proxying,
            [.required("name", .string), .required("value", .headerValue)]),
        PDKMethod("kong.service.request.clear_header", (.string, .empty), in: .proxying, [.required("name", .string)]),
        PDKMethod(
            "kong.service.request.set_headers", (.structure, .empty), in: .proxying, [.required("headers", .multimap)]),
        PDKMethod(
            "kong.service.request.set_raw_body", (.byteString, .empty), in: .proxying, [.required("body", .bytes)]),
        PDKMethod("kong.service.response.get_status", (.empty, .int), in: .response, returns: .optional(.integer)),
        PDKMethod(
            "kong.service.response.get_header", (.string, .string), in: .response, [.required("name", .string)],
            returns: .optional(.string)),
        PDKMethod(
            "kong.service.response.get_headers", (.int, .structure), in: .response,
            [.optional("max_headers", .integer)],
            returns: .always(.multimap)),
        PDKMethod("kong.service.response.get_raw_body", (.empty, .byteString), in: .response, returns: .always(.bytes)),
    ]
}
