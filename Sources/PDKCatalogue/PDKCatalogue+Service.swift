// The upstream service. Where the rows come from: see PDKCatalogue+Node.swift.

extension PDKCatalogue {
    static let serviceMethods: [PDKMethod] = [
        // True, or nil if there is no such upstream. Before 3.7 the message was Empty: Kong raises an error there when it is to
        // put true into it.
        PDKMethod(
            "kong.service.set_upstream", (.string, .bool), in: .access, [.required("host", .string)],
            returns: .optional(.boolean)),
        PDKMethod(
            "kong.service.set_target", (.target, .empty), in: .balanced,
            [.required("host", .string), .required("port", .integer)]),
        PDKMethod(
            "kong.service.set_retries", nil, since: KongVersion(3, 8), in: .access, [.required("retries", .integer)]),
        // In milliseconds.
        PDKMethod(
            "kong.service.set_timeouts", nil, since: KongVersion(3, 8), in: .access,
            [
                .required("connect_timeout", .integer), .required("write_timeout", .integer),
                .required("read_timeout", .integer),
            ]),
        PDKMethod(
            "kong.service.set_tls_verify", nil, since: KongVersion(2, 1), in: .proxying.union(.preread),
            [.required("on", .boolean)], returns: .optional(.boolean)),
        PDKMethod(
            "kong.service.set_tls_verify_depth", nil, since: KongVersion(2, 1), in: .proxying.union(.preread),
            [.required("depth", .integer)], returns: .optional(.boolean)),
    ]

    static let serviceRequestMethods: [PDKMethod] = [
        // Before 3.8 Kong allows these two in access only.
        PDKMethod("kong.service.request.set_scheme", (.string, .empty), in: .proxying, [.required("scheme", .string)]),
        PDKMethod("kong.service.request.set_path", (.string, .empty), in: .proxying, [.required("path", .string)]),
        PDKMethod(
            "kong.service.request.set_raw_query", (.string, .empty), in: .proxying, [.required("query", .string)]),
        PDKMethod("kong.service.request.set_method", (.string, .empty), in: .proxying, [.required("method", .string)]),
        PDKMethod(
            "kong.service.request.set_query", (.structure, .empty), in: .proxying, [.required("args", .multimap)]),
        PDKMethod(
            "kong.service.request.clear_query_arg", nil, since: KongVersion(3, 9), in: .proxying,
            [.required("name", .string)]),
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
        // True, or nil if the request has no content type and none is given.
        PDKMethod(
            "kong.service.request.set_body", nil, in: .proxying,
            [.required("args", .table), .optional("mimetype", .string)], returns: .optional(.boolean)),
        PDKMethod("kong.service.request.enable_buffering", nil, in: .proxying),
        // In the stream subsystem only, which has no rewrite and no access.
        PDKMethod("kong.service.request.disable_tls", nil, in: .preread, returns: .optional(.boolean)),
    ]

    /// Without log, though `header_body_log` has it: they read nginx's variables.
    static let serviceResponseMethods: [PDKMethod] = [
        PDKMethod("kong.service.response.get_status", (.empty, .int), in: .response, returns: .optional(.integer)),
        PDKMethod(
            "kong.service.response.get_header", (.string, .string), in: .response, [.required("name", .string)],
            returns: .optional(.string)),
        // An answer that Kong has buffered has no headers here, for Kong puts a table in their place that finds them by name
        // and lists none; and it buffers whatever reaches a plugin's response phase.
        PDKMethod(
            "kong.service.response.get_headers", (.int, .structure), in: .response,
            [.optional("max_headers", .integer)],
            returns: .always(.multimap)),
        PDKMethod("kong.service.response.get_raw_body", (.empty, .byteString), in: .response, returns: .always(.bytes)),
        PDKMethod(
            "kong.service.response.get_body", nil, in: .response,
            [.optional("mimetype", .string), .optional("max_args", .integer)], returns: .optional(.any)),
    ]
}
