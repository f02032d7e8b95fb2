import KongPDK

extension TypedCalls {
    static let request: [String: Call] = [
        "kong.request.get_scheme": { kong, _ in .string(try await kong.request.scheme()) },
        "kong.request.get_host": { kong, _ in Value(try await kong.request.host()) },
        "kong.request.get_host bytes": { kong, _ in Value(try await kong.request.hostBytes()) },
        "kong.request.get_port": { kong, _ in Value(try await kong.request.port()) },
        "kong.request.get_forwarded_scheme": { kong, _ in .string(try await kong.request.forwardedScheme()) },
        "kong.request.get_forwarded_host": { kong, _ in Value(try await kong.request.forwardedHost()) },
        "kong.request.get_forwarded_host bytes": { kong, _ in Value(try await kong.request.forwardedHostBytes()) },
        "kong.request.get_forwarded_port": { kong, _ in Value(try await kong.request.forwardedPort()) },
        "kong.request.get_forwarded_path": { kong, _ in .string(try await kong.request.forwardedPath()) },
        "kong.request.get_forwarded_path bytes": { kong, _ in .bytes(try await kong.request.forwardedPathBytes()) },
        "kong.request.get_forwarded_prefix": { kong, _ in Value(try await kong.request.forwardedPrefix()) },
        "kong.request.get_forwarded_prefix bytes": { kong, _ in
            Value(try await kong.request.forwardedPrefixBytes())
        },
        "kong.request.get_http_version": { kong, _ in .string(try await kong.request.httpVersion().description) },
        "kong.request.get_method": { kong, _ in .string(try await kong.request.method().rawValue) },
        "kong.request.get_path": { kong, _ in .string(try await kong.request.path()) },
        "kong.request.get_path bytes": { kong, _ in .bytes(try await kong.request.pathBytes()) },
        "kong.request.get_raw_path": { kong, _ in .string(try await kong.request.rawPath()) },
        "kong.request.get_raw_path bytes": { kong, _ in .bytes(try await kong.request.rawPathBytes()) },
        "kong.request.get_path_with_query": { kong, _ in .string(try await kong.request.pathWithQuery()) },
        "kong.request.get_path_with_query bytes": { kong, _ in
            .bytes(try await kong.request.pathWithQueryBytes())
        },
        "kong.request.get_raw_query": { kong, _ in .string(try await kong.request.rawQuery()) },
        "kong.request.get_raw_query bytes": { kong, _ in .bytes(try await kong.request.rawQueryBytes()) },
        "kong.request.get_query_arg": { kong, arguments in
            Value(try await kong.request.queryArgument(arguments.text(0)))
        },
        "kong.request.get_query_arg bytes": { kong, arguments in
            Value(try await kong.request.queryArgumentBytes(arguments.text(0)))
        },
        "kong.request.get_query": { kong, arguments in
            Value(try await arguments.count == 0 ? kong.request.query() : kong.request.query(max: arguments.integer(0)))
        },
        "kong.request.get_header": { kong, arguments in Value(try await kong.request.header(arguments.text(0))) },
        "kong.request.get_header bytes": { kong, arguments in
            Value(try await kong.request.headerBytes(arguments.text(0)))
        },
        "kong.request.get_headers": { kong, arguments in
            Value(
                try await arguments.count == 0
                    ? kong.request.headers() : kong.request.headers(max: arguments.integer(0)))
        },
        "kong.request.get_raw_body": { kong, arguments in
            .bytes(
                try await arguments.count == 0
                    ? kong.request.rawBody() : kong.request.rawBody(limit: arguments.integer(0)))
        },
        "kong.request.get_body": { kong, arguments in
            guard arguments.count > 1 else {
                return try await kong.request.body(as: arguments[0].stringValue) ?? .nil
            }
            return try await kong.request.body(
                as: arguments[0].stringValue, maxArguments: arguments.integer(1), limit: arguments.integer(2)) ?? .nil
        },
        "kong.request.get_start_time": { kong, _ in .number(try await kong.request.startTime()) },
        "kong.request.get_uri_captures": { kong, _ in
            let captures = try await kong.request.uriCaptures()
            return [
                "all": .array(captures.allBytes.map { Value($0) }),
                "named": .map(captures.namedBytes.mapValues { .bytes($0) }),
            ]
        },
    ]
}
