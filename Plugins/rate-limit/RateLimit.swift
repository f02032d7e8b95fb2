import KongPDK

/// Lets no more requests of one client through than the configuration allows.
struct RateLimit: Plugin, AccessPhase {
    static let version = "1.0.0"
    /// That of Kong's own rate-limiting: after authentication.
    static let priority = 910

    enum Subject: String, Codable, CaseIterable { case consumer, credential, ip, service, header }

    struct Config: PluginConfig {
        @Field(.between(1...RateLimiter.highestLimit)) var second: Int? = nil
        @Field(.between(1...RateLimiter.highestLimit)) var minute: Int? = nil
        @Field(.between(1...RateLimiter.highestLimit)) var hour: Int? = nil
        @Field var limitBy = Subject.consumer
        @Field(.headerName) var headerName: String? = nil
        @Field(.between(1...10_000_000)) var maxKeys = 100_000
        @Field(.between(400...599)) var errorCode = 429
        var errorMessage = "API rate limit exceeded"
        var hideClientHeaders = false
        var faultTolerant = true

        static let checks: [ConfigCheck<Self>] = [
            .atLeastOneOf(\.$second, \.$minute, \.$hour),
            .conditional(if: .field(\.$limitBy, .eq(.header)), then: .field(\.$headerName, .required)),
        ]

        var limits: [RateLimiter.Limit] {
            [(second, .second), (minute, .minute), (hour, .hour)].compactMap { (count: Int?, window: RateLimiter.Window) in
                count.map { RateLimiter.Limit($0, per: window) }
            }
        }
    }

    let config: Config
    private let limiter: RateLimiter
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init(config: Config) {
        self.config = config
        limiter = RateLimiter(config.limits, maxKeys: config.maxKeys)
        start = clock.now
    }

    func access(_ kong: Kong) async throws {
        let sender: Sender
        do {
            sender = try await self.sender(kong)
        } catch let error as PDKError where config.faultTolerant && error.code != .cancelled {
            return try kong.log.err("a request is not counted, since it is not known whose it is: \(error)")
        }
        let verdict = limiter.check(sender, at: clock.now - start)
        let headers = config.hideClientHeaders ? [:] : self.headers(verdict)
        guard verdict.isAllowed else { try kong.response.exit(config.errorCode, message: config.errorMessage, headers: headers) }
        if !headers.isEmpty { try kong.response.setHeaders(headers) }
    }

    // MARK: - Who it is

    /// Whose requests are counted together.
    private enum Sender: Hashable {
        case consumer(String), credential(String), service(String), header([UInt8]), address(String)
    }

    /// Asks for all that may be needed at once: one round trip.
    private func sender(_ kong: Kong) async throws -> Sender {
        async let address = kong.client.forwardedIP()
        switch config.limitBy {
        case .ip: break
        case .consumer:
            async let credential = kong.client.credential()
            if let id = try await kong.client.consumer()?.id { return .consumer(id) }
            if let id = try await credential?.id { return .credential(id) }
        case .credential: if let id = try await kong.client.credential()?.id { return .credential(id) }
        case .service: if let id = try await kong.router.service()?.id { return .service(id) }
        case .header:
            if let name = config.headerName, let value = try await kong.request.headerBytes(name) { return .header(value) }
        }
        return .address(try await address)
    }

    // MARK: - What the client hears

    private func headers(_ verdict: RateLimiter.Verdict) -> Headers {
        var headers = Headers()
        for (limit, state) in zip(config.limits, verdict.states) {
            headers.add("X-RateLimit-Limit-\(limit.window.name)", "\(limit.count)")
            headers.add("X-RateLimit-Remaining-\(limit.window.name)", "\(state.remaining)")
        }
        guard let place = verdict.decisive else { return headers }
        let state = verdict.states[place]
        headers.add("RateLimit-Limit", "\(config.limits[place].count)")
        headers.add("RateLimit-Remaining", "\(state.remaining)")
        headers.add("RateLimit-Reset", "\(state.reset)")
        if !verdict.isAllowed { headers.add("Retry-After", "\(state.reset)") }
        return headers
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RateLimit.open($0, $1) }
