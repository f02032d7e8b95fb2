// The order of the functions in kong_pdk.h, which is the ABI's: within a major version a function stays where it is, and a
// new one comes last in its group. A test compares the list with the catalogue.

extension NativeMethod {
    /// Kong's name of each method, and what it does.
    static let list: [(name: String, summary: String)] = [
        ("kong.client.get_ip", "The address of the other end of the connection, which may be a proxy."),
        ("kong.client.get_forwarded_ip", "The client's address, as a trusted proxy tells it."),
        ("kong.client.get_port", "The port of the other end of the connection."),
        ("kong.client.get_forwarded_port", "The client's port, as a trusted proxy tells it."),
        ("kong.client.get_credential", "The credential that an authentication plugin found."),
        ("kong.client.load_consumer", "A consumer from Kong's database, by id (a UUID) or, if asked to, by user name."),
        ("kong.client.get_consumer", "The consumer that an authentication plugin found."),
        (
            "kong.client.authenticate",
            "Makes a consumer (a map with its id) the one that the request is from. One of the two must be there."
        ),
        (
            "kong.client.get_protocol",
            "The protocol of the matched route, as \"https\"; with allow_terminated as a trusted proxy tells it."
        ),

        ("kong.client.tls.request_client_certificate", "Asks the client for a certificate while the connection is made."),
        ("kong.client.tls.disable_session_reuse", "Has the client make a whole handshake for each connection."),
        ("kong.client.tls.get_full_client_certificate_chain", "The certificates that the client has shown, as PEM."),
        (
            "kong.client.tls.set_client_verify",
            "What became of the check of the client's certificate: \"SUCCESS\", \"NONE\" or \"FAILED:reason\"."
        ),
        ("kong.client.tls.disable_http2_alpn", "Kong allows it in client_hello only, where it runs no plugin server."),

        ("kong.ip.is_trusted", "Whether an address is one of `trusted_ips` in Kong's configuration."),

        ("kong.ctx.shared.set", "Sets a value that lives as long as the request, shared with all plugins; NULL removes it."),
        ("kong.ctx.shared.get", "A value that a plugin has set for this request."),

        ("kong.nginx.get_var", "A variable of nginx."),
        ("kong.nginx.get_tls1_version_str", "The version of TLS, as \"TLSv1.3\"."),
        ("kong.nginx.set_ctx", "Sets a value of ngx.ctx."),
        ("kong.nginx.get_ctx", "A value of ngx.ctx."),
        ("kong.nginx.req_start_time", "When the request began, in seconds since 1970."),
        ("kong.nginx.get_subsystem", "\"http\" or \"stream\"."),
        ("kong.nginx.get_statistics", "nginx's counts of connections and requests, as \"connections_active\"."),

        ("kong.log.alert", "A line in Kong's error log."),
        ("kong.log.crit", "A line in Kong's error log."),
        ("kong.log.err", "A line in Kong's error log."),
        ("kong.log.warn", "A line in Kong's error log."),
        ("kong.log.notice", "A line in Kong's error log."),
        ("kong.log.info", "A line in Kong's error log."),
        ("kong.log.debug", "A line in Kong's error log."),
        ("kong.log.emerg", "A line in Kong's error log."),
        ("kong.log.inspect", "Writes values to Kong's error log as Lua shows them. For debugging: it is slow."),
        ("kong.log.deprecation", "A line in Kong's error log about something that one should not do any more."),
        (
            "kong.log.set_serialize_value",
            "Sets a field of the record that `serialize` returns; NULL removes it. "
                + "Options: {mode: \"set\", \"add\" or \"replace\"}."
        ),
        ("kong.log.serialize", "The record of the request that logging plugins write, as JSON."),

        ("kong.node.get_id", "The id of this Kong."),
        ("kong.node.get_memory_stats", "What memory Kong's workers use."),
        ("kong.node.get_hostname", "The name of Kong's machine."),
        ("kong.cluster.get_id", "The id of the cluster."),
        ("kong.plugin.get_id", "The id of this configuration in Kong's database."),
        ("kong.router.get_route", "The route that the request matches."),
        ("kong.router.get_service", "The service that the request is for."),
        ("kong.telemetry.log", "Writes a record for OpenTelemetry."),

        ("kong.vault.get", "The secret that a reference such as {vault://env/name} stands for."),
        ("kong.vault.is_reference", "Whether a text has the form of a reference."),
        ("kong.vault.parse_reference", "The parts of a reference: name, resource, key, config, version."),
        ("kong.vault.update", "The table with the references in its `$refs` resolved anew."),
        ("kong.vault.warmup", "Has the references in a table fetched before they are needed."),
        ("kong.vault.flush", "Forgets the secrets that have been fetched."),

        ("kong.request.get_scheme", "\"http\" or \"https\"."),
        ("kong.request.get_host", "The host of the request line or the header Host."),
        ("kong.request.get_port", "The port that the request came in on."),
        ("kong.request.get_forwarded_scheme", "The scheme, as a trusted proxy tells it."),
        ("kong.request.get_forwarded_host", "The host, as a trusted proxy tells it."),
        ("kong.request.get_forwarded_port", "The port, as a trusted proxy tells it."),
        ("kong.request.get_forwarded_path", "The path, as a trusted proxy tells it."),
        ("kong.request.get_forwarded_prefix", "What a trusted proxy, or Kong, has cut from the front of the path."),
        ("kong.request.get_http_version", "1, 1.1, 2 or 3."),
        ("kong.request.get_method", "As \"GET\"."),
        ("kong.request.get_path", "The normalised path, without the query."),
        ("kong.request.get_raw_path", "The path as it came, without the query."),
        ("kong.request.get_path_with_query", "The path as it came, with the query."),
        ("kong.request.get_raw_query", "The query as it came, without its question mark."),
        (
            "kong.request.get_query_arg",
            "The first value of an argument of the query; \"\" if it has none (over ProtoBuf:1 Kong refuses such: use get_query)."
        ),
        ("kong.request.get_query", "The arguments of the query: strings or arrays of them, `true` for one without a value."),
        ("kong.request.get_header", "The first value of a header."),
        ("kong.request.get_headers", "The headers, with names in lower case: strings or arrays of them."),
        (
            "kong.request.get_raw_body",
            "The body; one that Kong has written to a file is read from there, up to the size given, 64 MiB by default."
        ),
        ("kong.request.get_body", "The body as Kong parses it: a form or JSON, for Kong 2 without a null in it. Without mimetype leave out the rest."),
        ("kong.request.get_start_time", "When the request began, in milliseconds since 1970."),
        ("kong.request.get_uri_captures", "What the regular expression of the route's path has captured."),

        ("kong.response.get_status", "The status that the client gets."),
        ("kong.response.get_header", "The first value of a header that the client gets."),
        ("kong.response.get_headers", "The headers that the client gets: strings or arrays of them."),
        ("kong.response.get_source", "Who made the answer: \"service\", \"exit\" or \"error\"."),
        ("kong.response.set_status", "Changes the status that the client gets."),
        ("kong.response.set_header", "Sets a header for the client. For several values: set_headers."),
        ("kong.response.add_header", "Adds a header for the client."),
        ("kong.response.clear_header", "Removes a header."),
        ("kong.response.set_headers", "Sets headers for the client: strings or arrays of them."),
        ("kong.response.get_raw_body", "Kong allows it in body_filter only, where it runs no plugin server."),
        ("kong.response.set_raw_body", "Kong allows it in body_filter only, where it runs no plugin server."),
        ("kong.response.exit", "Answers the client and ends the event: return from the handler after it."),
        ("kong.response.error", "The same with a body that Kong makes of the message, in the form that the client accepts."),

        (
            "kong.service.set_upstream",
            "Sends the request to an upstream of Kong's; false if there is no such one. Over ProtoBuf:1 Kong before 3.7 fails if there is."
        ),
        ("kong.service.set_target", "Sends the request to a host and port."),
        ("kong.service.set_retries", "How often Kong tries again."),
        ("kong.service.set_timeouts", "How long Kong waits for the service, in milliseconds."),
        ("kong.service.set_tls_verify", "Whether the service's certificate is checked."),
        ("kong.service.set_tls_verify_depth", "How long the chain of the service's certificate may be."),

        ("kong.service.request.set_scheme", "\"http\" or \"https\". In rewrite from Kong 3.8 on."),
        ("kong.service.request.set_path", "Begins with a slash; without the query. In rewrite from Kong 3.8 on."),
        ("kong.service.request.set_raw_query", "The query as it shall be sent, without a question mark."),
        ("kong.service.request.set_method", "As \"GET\"."),
        (
            "kong.service.request.set_query",
            "The arguments of the query: strings, arrays of them, or `true` for one without a value."
        ),
        ("kong.service.request.clear_query_arg", "Removes an argument of the query."),
        ("kong.service.request.set_header", "Sets a header for the service. For several values: set_headers."),
        ("kong.service.request.add_header", "Adds a header for the service."),
        ("kong.service.request.clear_header", "Removes a header."),
        ("kong.service.request.set_headers", "Sets headers for the service: strings or arrays of them."),
        ("kong.service.request.set_raw_body", "The body, as it is."),
        ("kong.service.request.set_body", "A form or JSON, made of a map by Kong; false if there is no content type."),
        ("kong.service.request.enable_buffering", "Has Kong keep the service's answer, for the response phase."),
        ("kong.service.request.disable_tls", "Talks to the service without TLS."),

        ("kong.service.response.get_status", "The status of the service's answer; missing if it has not answered."),
        ("kong.service.response.get_header", "The first value of a header of the service's answer."),
        ("kong.service.response.get_headers", "The headers of the service's answer."),
        ("kong.service.response.get_raw_body", "The body of the service's answer."),
        ("kong.service.response.get_body", "The body of the service's answer, as Kong parses it."),
    ]
}
