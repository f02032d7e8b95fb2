// Numbers that Kong takes from a range only: the assertions and error(…) calls of kong/pdk/*.lua in 3.9.1. Kong does not
// refuse another one, it fails the request.

extension PDKCatalogue {
    /// By method, and by parameter.
    static let ranges: [String: [String: ClosedRange<Int64>]] = [
        "kong.request.get_query": ["max_args": 1...1000],
        "kong.request.get_headers": ["max_headers": 1...1000],
        "kong.request.get_raw_body": ["max_allowed_file_size": 1...Int64.max],
        "kong.request.get_body": ["max_args": 1...1000, "max_allowed_file_size": 1...Int64.max],
        "kong.response.get_headers": ["max_headers": 1...1000],
        "kong.response.set_status": ["status": 100...599],
        "kong.response.exit": ["status": 100...599],
        "kong.response.error": ["status": 400...599],
        "kong.service.set_target": ["port": 0...65535],
        "kong.service.set_retries": ["retries": 0...32767],
        "kong.service.set_timeouts": [
            "connect_timeout": 1...2_147_483_646, "write_timeout": 1...2_147_483_646, "read_timeout": 1...2_147_483_646,
        ],
        "kong.service.set_tls_verify_depth": ["depth": 0...2_147_483_647],
        "kong.service.response.get_headers": ["max_headers": 1...1000],
        "kong.service.response.get_body": ["max_args": 1...1000],
    ]
}

extension PDKMethod {
    /// The numbers that Kong takes for a parameter; nil: all that the type has.
    public func range(of parameter: Parameter) -> ClosedRange<Int64>? {
        PDKCatalogue.ranges[name]?[parameter.name]
    }
}
