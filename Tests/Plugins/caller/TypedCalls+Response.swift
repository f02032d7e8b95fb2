import KongPDK

extension TypedCalls {
    static let response: [String: Call] = [
        "kong.response.get_status": { kong, _ in Value(try await kong.response.status()) },
        "kong.response.get_header": { kong, arguments in Value(try await kong.response.header(arguments.text(0))) },
        "kong.response.get_header bytes": { kong, arguments in
            Value(try await kong.response.headerBytes(arguments.text(0)))
        },
        "kong.response.get_headers": { kong, arguments in
            Value(
                try await arguments.count == 0
                    ? kong.response.headers() : kong.response.headers(max: arguments.integer(0)))
        },
        "kong.response.get_source": { kong, _ in .string(try await kong.response.source().rawValue) },
        "kong.response.set_status": { kong, arguments in
            try kong.response.setStatus(arguments.integer(0))
            return .nil
        },
        "kong.response.set_header": { kong, arguments in
            try kong.response.setHeader(arguments.text(0), arguments.text(1))
            return .nil
        },
        "kong.response.set_header bytes": { kong, arguments in
            try kong.response.setHeader(arguments.text(0), arguments.bytes(1))
            return .nil
        },
        "kong.response.add_header": { kong, arguments in
            try kong.response.addHeader(arguments.text(0), arguments.text(1))
            return .nil
        },
        "kong.response.add_header bytes": { kong, arguments in
            try kong.response.addHeader(arguments.text(0), arguments.bytes(1))
            return .nil
        },
        "kong.response.clear_header": { kong, arguments in
            try kong.response.clearHeader(arguments.text(0))
            return .nil
        },
        "kong.response.set_headers": { kong, arguments in
            try kong.response.setHeaders(arguments.headers(0))
            return .nil
        },
        "kong.response.exit": { kong, arguments in
            let headers: Headers = try arguments[2].isNil ? [:] : arguments.headers(2)
            try kong.response.exit(arguments.integer(0), body: arguments[1].stringValue ?? "", headers: headers)
        },
        "kong.response.exit bytes": { kong, arguments in
            let headers: Headers = try arguments[2].isNil ? [:] : arguments.headers(2)
            try kong.response.exit(arguments.integer(0), body: arguments[1].bytesValue, headers: headers)
        },
        "kong.response.exit message": { kong, arguments in
            let headers: Headers = try arguments[2].isNil ? [:] : arguments.headers(2)
            try kong.response.exit(arguments.integer(0), message: arguments.text(1), headers: headers)
        },
        "kong.response.error": { kong, arguments in
            if arguments.count < 3 {
                try kong.response.error(arguments.integer(0), message: arguments[1].stringValue)
            }
            try kong.response.error(arguments.integer(0), message: arguments.text(1), headers: arguments.headers(2))
        },
    ]
}
