import KongPDK

/// Changes headers and query arguments on their way to the service.
struct RequestTransform: Plugin, AccessPhase {
    static let version = "1.0.0"
    /// After plugins that authenticate and limit, which so see what the client has sent.
    static let priority = 801

    struct Config: PluginConfig {
        var remove = Names()
        var rename = Renames()
        var replace = Values()
        var add = NewValues()
        var append = NewValues()
    }

    private let headers: Transformation
    private let query: Transformation

    init(config: Config) throws {
        headers = Transformation(
            remove: config.remove.headers, rename: try Pair.all(config.rename.headers),
            replace: try Pair.all(config.replace.headers), add: try Pair.all(config.add.headers),
            append: try Pair.all(config.append.headers))
        query = Transformation(
            remove: config.remove.querystring, rename: try Pair.all(config.rename.querystring),
            replace: try Pair.all(config.replace.querystring), add: try Pair.all(config.add.querystring),
            append: try Pair.all(config.append.querystring))
    }

    func access(_ kong: Kong) async throws {
        // Both are asked for at once, and nothing that is not needed.
        async let clientHeaders = headers.isEmpty ? Headers() : kong.request.headers(max: 1000)
        async let clientQuery = query.isEmpty ? Query() : kong.request.query(max: 1000)
        try await transform(clientHeaders, kong.service.request)
        try await transform(clientQuery, kong.service.request)
    }

    private func transform(_ original: Headers, _ request: Kong.ServiceRequest) throws {
        var list = original
        let changed = headers.apply(to: &list)
        var new = Headers()
        for field in list where changed.contains(field.name.lowercased()) { new.add(field.name, field.valueBytes) }
        for name in changed.sorted() where !list.contains(name) { try request.clearHeader(name) }
        if !new.isEmpty { try request.setHeaders(new) }
    }

    private func transform(_ original: Query, _ request: Kong.ServiceRequest) throws {
        var list = original
        if !query.apply(to: &list).isEmpty { try request.setQuery(list) }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RequestTransform.open($0, $1) }
