import KongPDK

/// The fields that Kong's own plugin of this name has bear its names, and mean the same.
extension HTTPLog {
    struct Config: PluginConfig {
        /// `http://host:port/path`
        @Field(
            .required,
            .matchAny(
                "^http://[^%s%c/?#@]+$", "^http://[^%s%c/?#@]+[/?][^%s%c#]*$", err: "expected http://host:port/path"))
        var httpEndpoint = ""
        @Field(.match("^[^%c]+$")) var contentType = "application/json"
        /// Sent with each batch.
        @Field(.keys(.headerName, .settable), .values(.match("^[^%c]+$"), .referenceable))
        var headers: [String: String] = [:]
        /// For one attempt: connecting, sending, and the answer; in milliseconds.
        @Field(.between(1...2_147_483_646)) var timeout = 10_000
        /// How long a connection that is not used is kept, in milliseconds.
        @Field(.between(0...2_147_483_646)) var keepalive = 60_000
        var queue = Queue()
    }

    /// Times are in seconds.
    struct Queue: PluginConfig {
        /// 1: each record is sent as it is; more: in an array.
        @Field(.between(1...1_000_000)) var maxBatchSize = 1
        /// How long a record may wait for its batch to fill.
        @Field(.between(0...3600)) var maxCoalescingDelay = 1.0
        @Field(.between(1...1_000_000)) var maxEntries = 10_000
        @Field(.between(1...1_073_741_824)) var maxBytes = 33_554_432
        /// A batch is given up so long after its first attempt.
        @Field(.between(0...86_400)) var maxRetryTime = 60.0
        /// Doubles with each attempt, up to `maxRetryDelay`.
        @Field(.between(0...86_400), .gt(0)) var initialRetryDelay = 0.01
        @Field(.between(0...86_400), .gt(0)) var maxRetryDelay = 60.0
        /// How long the queue may take to empty itself when the configuration is gone, or the server ends.
        @Field(.between(0...3600)) var shutdownTimeout = 5.0
    }
}

extension FieldConstraint where Content == String {
    /// A header that the plugin does not set itself.
    fileprivate static var settable: Self {
        .matchNone(
            .pattern("^[Hh][Oo][Ss][Tt]$", err: "is the endpoint's"),
            .pattern("^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Tt][Yy][Pp][Ee]$", err: "is the field content_type"),
            .pattern("^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Ll][Ee][Nn][Gg][Tt][Hh]$", err: "is the batch's"),
            .pattern("^[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]%-", err: "is the connection's"),
            .pattern("^[Cc][Oo][Nn][Nn][Ee][Cc][Tt][Ii][Oo][Nn]$", err: "is the connection's"))
    }
}
