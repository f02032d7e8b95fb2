import KongPDK

extension TypedCalls {
    static let service: [String: Call] = [
        "kong.service.set_upstream": { kong, arguments in
            .boolean(try await kong.service.setUpstream(arguments.text(0)))
        },
        "kong.service.set_target": { kong, arguments in
            try kong.service.setTarget(arguments.text(0), port: arguments.integer(1))
            return .nil
        },
        "kong.service.set_retries": { kong, arguments in
            try kong.service.setRetries(arguments.integer(0))
            return .nil
        },
        "kong.service.set_timeouts": { kong, arguments in
            try kong.service.setTimeouts(
                connect: .milliseconds(arguments.integer(0)), write: .milliseconds(arguments.integer(1)),
                read: .milliseconds(arguments.integer(2)))
            return .nil
        },
        "kong.service.set_tls_verify": { kong, arguments in
            try await kong.service.setTLSVerify(arguments.boolean(0))
            return true
        },
        "kong.service.set_tls_verify_depth": { kong, arguments in
            try await kong.service.setTLSVerifyDepth(arguments.integer(0))
            return true
        },

        "kong.service.request.set_scheme": { kong, arguments in
            guard let scheme = Kong.ServiceRequest.Scheme(rawValue: try arguments.text(0)) else { throw BadCall("scheme") }
            try kong.service.request.setScheme(scheme)
            return .nil
        },
        "kong.service.request.set_path": { kong, arguments in
            try kong.service.request.setPath(arguments.text(0))
            return .nil
        },
        "kong.service.request.set_path bytes": { kong, arguments in
            try kong.service.request.setPath(arguments.bytes(0))
            return .nil
        },
        "kong.service.request.set_raw_query": { kong, arguments in
            try kong.service.request.setRawQuery(arguments.text(0))
            return .nil
        },
        "kong.service.request.set_raw_query bytes": { kong, arguments in
            try kong.service.request.setRawQuery(arguments.bytes(0))
            return .nil
        },
        "kong.service.request.set_query": { kong, arguments in
            try kong.service.request.setQuery(arguments.query(0))
            return .nil
        },
        "kong.service.request.clear_query_arg": { kong, arguments in
            try kong.service.request.clearQueryArgument(arguments.text(0))
            return .nil
        },
        "kong.service.request.set_method": { kong, arguments in
            try kong.service.request.setMethod(HTTPMethod(arguments.text(0)))
            return .nil
        },
        "kong.service.request.set_header": { kong, arguments in
            try kong.service.request.setHeader(arguments.text(0), arguments.text(1))
            return .nil
        },
        "kong.service.request.set_header bytes": { kong, arguments in
            try kong.service.request.setHeader(arguments.text(0), arguments.bytes(1))
            return .nil
        },
        "kong.service.request.add_header": { kong, arguments in
            try kong.service.request.addHeader(arguments.text(0), arguments.text(1))
            return .nil
        },
        "kong.service.request.add_header bytes": { kong, arguments in
            try kong.service.request.addHeader(arguments.text(0), arguments.bytes(1))
            return .nil
        },
        "kong.service.request.clear_header": { kong, arguments in
            try kong.service.request.clearHeader(arguments.text(0))
            return .nil
        },
        "kong.service.request.set_headers": { kong, arguments in
            try kong.service.request.setHeaders(arguments.headers(0))
            return .nil
        },
        "kong.service.request.set_raw_body": { kong, arguments in
            try kong.service.request.setRawBody(arguments.bytes(0))
            return .nil
        },
        "kong.service.request.set_body": { kong, arguments in
            if arguments.count > 1 {
                try kong.service.request.setBody(arguments[0], as: arguments.text(1))
            } else {
                try await kong.service.request.setBody(arguments[0])
            }
            return true
        },
        "kong.service.request.enable_buffering": { kong, _ in
            try kong.service.request.enableBuffering()
            return .nil
        },
        "kong.service.request.disable_tls": { kong, _ in
            try await kong.service.request.disableTLS()
            return true
        },

        "kong.service.response.get_status": { kong, _ in Value(try await kong.service.response.status()) },
        "kong.service.response.get_header": { kong, arguments in
            Value(try await kong.service.response.header(arguments.text(0)))
        },
        "kong.service.response.get_header bytes": { kong, arguments in
            Value(try await kong.service.response.headerBytes(arguments.text(0)))
        },
        "kong.service.response.get_headers": { kong, arguments in
            Value(
                try await arguments.count == 0
                    ? kong.service.response.headers() : kong.service.response.headers(max: arguments.integer(0)))
        },
        "kong.service.response.get_raw_body": { kong, _ in .bytes(try await kong.service.response.rawBody()) },
        "kong.service.response.get_body": { kong, arguments in
            if arguments.count == 0 { return try await kong.service.response.body() ?? .nil }
            return try await kong.service.response.body(
                as: arguments.text(0), maxArguments: arguments.integer(1)) ?? .nil
        },
    ]
}
