import WireProtocol

/// What a simulated Kong is configured with: everything that is not of one request.
public struct SimulatedGateway: Hashable, Sendable {
    public var nodeID = "5a2a1f3c-4d1f-4a36-a4d5-0d2c5e9f7b10"
    public var hostname = "kong"
    public var clusterID = "0dd6ffbb-1c0b-4d0a-b7a9-b1b4e7a3c4de"
    public var workspaceID = "c5b1a9d4-58e7-4a05-8a6f-1f0e2f7d3b21"
    public var workspaceName = "default"
    /// `trusted_ips`: addresses, and blocks as 10.0.0.0/8. What a trusted proxy says in `X-Forwarded-…` headers counts.
    public var trustedIPs: [String] = []
    /// `port_maps`: the port that clients use for each that Kong listens on.
    public var portMaps: [Int: Int] = [:]
    /// `lua_max_req_headers`, `lua_max_resp_headers`, `lua_max_uri_args` and `lua_max_post_args`: how many the PDK gives
    /// when it is not asked for more. Kong 2.8 has no such settings: 100 each.
    public var maximumRequestHeaders = 100
    public var maximumResponseHeaders = 100
    public var maximumQueryArguments = 100
    public var maximumPostArguments = 100
    /// Entities that `kong.client.load_consumer` finds: maps with `id`, `username`, `custom_id`, `tags`, `created_at`.
    public var consumers: [OwnedValue] = []
    /// Names that `kong.service.set_upstream` finds.
    public var upstreams: Set<String> = []
    /// Values of references as `{vault://env/my-secret}`.
    public var secrets: [String: String] = [:]
    /// Whether something takes `kong.telemetry.log`: the OpenTelemetry plugin with an endpoint for logs.
    public var takesTelemetry = false
    public var memory = Memory()

    /// In bytes.
    public struct Memory: Hashable, Sendable {
        public var sharedDictionaries = [
            "kong": SharedDictionary(capacity: 5_242_880, allocated: 1_048_576),
            "kong_db_cache": SharedDictionary(capacity: 134_217_728, allocated: 827_392),
        ]
        /// For each worker process, by its id.
        public var workers: [Int: Int] = [1000: 51_200_000]

        public init() {}
    }

    public struct SharedDictionary: Hashable, Sendable {
        public var capacity: Int
        public var allocated: Int

        public init(capacity: Int, allocated: Int) {
            self.capacity = capacity
            self.allocated = allocated
        }
    }

    public init() {}

    /// A route that takes every path, and a service, as Kong's entities are.
    public static let route: OwnedValue = [
        "id": "9d1c4b8e-0c53-4a8e-9a55-2b2f4a0f6c01", "name": "route", "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000, "protocols": ["http", "https"], "paths": ["/"], "strip_path": true,
        "preserve_host": false, "regex_priority": 0, "https_redirect_status_code": 426, "path_handling": "v0",
        "request_buffering": true, "response_buffering": true,
        "service": ["id": "1f7f3f3b-6c0c-4c4c-8a0c-5d6f0e5d7a02"], "ws_id": "c5b1a9d4-58e7-4a05-8a6f-1f0e2f7d3b21",
    ]
    public static let service: OwnedValue = [
        "id": "1f7f3f3b-6c0c-4c4c-8a0c-5d6f0e5d7a02", "name": "service", "created_at": 1_700_000_000,
        "updated_at": 1_700_000_000, "protocol": "http", "host": "service.test", "port": 80, "retries": 5,
        "connect_timeout": 60_000, "write_timeout": 60_000, "read_timeout": 60_000, "enabled": true,
        "ws_id": "c5b1a9d4-58e7-4a05-8a6f-1f0e2f7d3b21",
    ]
}
