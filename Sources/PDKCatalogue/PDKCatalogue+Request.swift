// The client's request, and the answer to it. Where the rows come from: see PDKCatalogue+Node.swift.

extension PDKCatalogue {
    static let requestMethods: [PDKMethod] = [
        PDKMethod("kong.request.get_scheme", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_host", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_port", (.empty, .int), in: .connected, returns: .always(.integer)),
        PDKMethod("kong.request.get_forwarded_scheme", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_forwarded_host", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_forwarded_port", (.empty, .int), in: .requestAlive, returns: .always(.integer)),
        PDKMethod(
            "kong.request.get_forwarded_path", nil, since: KongVersion(2, 1), in: .requestAlive,
            returns: .always(.string)),
        PDKMethod(
            "kong.request.get_forwarded_prefix", nil, since: KongVersion(2, 2), in: .requestAlive,
            returns: .optional(.string)),
        PDKMethod("kong.request.get_http_version", (.empty, .number), in: .requestAlive, returns: .always(.number)),
        PDKMethod("kong.request.get_method", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod("kong.request.get_path", (.empty, .string), in: .requestAlive, returns: .always(.string)),
        PDKMethod(
            "kong.request.get_raw_path", nil, since: KongVersion(3, 0), in: .requestAlive, returns: .always(.string)),
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
        // The size is known to Kong 3.8 and later. Over ProtoBuf:1 there is no need for it: there Kong answers with the
        // file's path.
        PDKMethod(
            "kong.request.get_raw_body", (.empty, .rawBodyResult), in: .answering,
            [.optional("max_allowed_file_size", .integer)], returns: .always(.body)),
        PDKMethod(
            "kong.request.get_body", nil, in: .answering,
            [
                .optional("mimetype", .string), .optional("max_args", .integer),
                .optional("max_allowed_file_size", .integer),
            ], returns: .optional(.any)),
        // In milliseconds. In log it is answered from the saved context, and not from nginx.
        PDKMethod("kong.request.get_start_time", nil, since: KongVersion(3, 0), in: .request, returns: .always(.number)),
        PDKMethod(
            "kong.request.get_uri_captures", (.empty, .uriCapturesResult), since: KongVersion(3, 1), in: .request,
            returns: .always(.captures)),
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
        // In body_filter only, the two of them.
        PDKMethod("kong.response.get_raw_body", nil, since: KongVersion(2, 7), in: .none, returns: .optional(.bytes)),
        PDKMethod(
            "kong.response.set_raw_body", nil, since: KongVersion(2, 7), in: .none, [.required("body", .bytes)]),
        // The stream subsystem checks no phase in it; preread is the one that its documentation names.
        PDKMethod(
            "kong.response.exit", (.exitArgs, .empty), in: .answering.union(.preread),
            [.required("status", .integer), .optional("body", .bytes), .optional("headers", .multimap)], endsEvent: true
        ),
        PDKMethod(
            "kong.response.error", nil, since: KongVersion(2, 1), in: .answering,
            [.required("status", .integer), .optional("message", .string), .optional("headers", .multimap)],
            endsEvent: true),
    ]
}
