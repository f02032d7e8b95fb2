import Crypto
import FoundationEssentials
import KongPDK

/// Lets those requests through that are signed with a secret of the configuration.
struct HMACAuth: Plugin, AccessPhase {
    static let version = "1.0.0"
    /// That of Kong's own hmac-auth.
    static let priority = 1030

    struct Config: PluginConfig {
        struct Login: PluginConfig {
            @Field(.required) var username = ""
            @Field(.required, .encrypted, .referenceable) var secret = ""
        }

        @Field(.required, .lenMin(1)) var credentials: [Login] = []
        @Field(.lenMin(1)) var algorithms = HMACAlgorithm.allCases
        /// In seconds.
        @Field(.gt(0)) var clockSkew = 300
        var enforceHeaders: [String] = []
        var validateRequestBody = false
        var hideCredentials = false
        @Field(.notMatch(#"["\%c]"#)) var realm: String? = nil
        var anonymous: String?
        /// In seconds.
        @Field(.between(0...86400)) var consumerTTL = 60
    }

    let config: Config
    private let keys: [String: SymmetricKey]
    private let consumers: ConsumerCache
    /// What a user who is not known is checked with, so that no time tells who is known.
    private let decoy = SymmetricKey(size: .bits256)

    init(config: Config) throws {
        self.config = config
        consumers = ConsumerCache(lifetime: .seconds(config.consumerTTL))
        var keys: [String: SymmetricKey] = [:]
        for (index, login) in config.credentials.enumerated() {
            let path = "config.credentials[\(index)]"
            // A reference to a vault can turn out to be empty, and anybody can sign with nothing.
            guard !login.secret.isEmpty else {
                throw ConfigError(path: "\(path).secret", expected: "a secret", found: "an empty string")
            }
            guard keys.updateValue(SymmetricKey(data: Array(login.secret.utf8)), forKey: login.username) == nil else {
                throw ConfigError(path: "\(path).username", expected: "a name of its own", found: "\"\(login.username)\" again")
            }
        }
        self.keys = keys
    }

    func access(_ kong: Kong) async throws {
        // With an anonymous consumer this is one of several ways to authenticate.
        if config.anonymous != nil, try await kong.client.credential() != nil { return }
        do {
            try await authenticate(kong)
        } catch let rejection as Rejection {
            try kong.log.debug(rejection.reason)
            if let anonymous = config.anonymous { return try await admit(anonymous: anonymous, kong) }
            try kong.response.exit(
                401, message: rejection.message,
                headers: ["WWW-Authenticate": config.realm.map { "hmac realm=\"\($0)\"" } ?? "hmac"])
        }
    }

    private func authenticate(_ kong: Kong) async throws {
        let request = try await SignedRequest(kong)
        guard let (header, authorization) = try Authorization.find(in: request.headers) else {
            throw Rejection("Unauthorized", "there is no authorization header")
        }
        try check(authorization, of: request)
        if config.validateRequestBody { try await checkBody(of: request, authorization, kong) }

        let consumer = try await consumers.consumer(authorization.username, kong)
        if config.hideCredentials { try kong.service.request.clearHeader(header) }
        try kong.client.authenticate(
            consumer, credential: Credential(id: authorization.username, consumerID: consumer?.id))
        try tell(kong, consumer)
        try kong.service.request.setHeader("X-Credential-Identifier", authorization.username)
        try kong.service.request.clearHeader("X-Anonymous-Consumer")
    }

    private func admit(anonymous: String, _ kong: Kong) async throws {
        guard let consumer = try await consumers.consumer(anonymous, kong) else {
            try kong.log.err("there is no consumer \(anonymous)")
            try kong.response.exit(500, message: "An unexpected error occurred")
        }
        try kong.client.authenticate(consumer, credential: nil)
        try tell(kong, consumer)
        try kong.service.request.clearHeader("X-Credential-Identifier")
        try kong.service.request.setHeader("X-Anonymous-Consumer", "true")
    }

    /// Tells the service who it is, whatever the client has said about that.
    private func tell(_ kong: Kong, _ consumer: Consumer?) throws {
        let headers = [
            ("X-Consumer-ID", consumer?.id), ("X-Consumer-Custom-ID", consumer?.customID),
            ("X-Consumer-Username", consumer?.username),
        ]
        for (name, value) in headers {
            if let value {
                try kong.service.request.setHeader(name, value)
            } else {
                try kong.service.request.clearHeader(name)
            }
        }
    }

    // MARK: - The checks

    private func check(_ authorization: Authorization, of request: SignedRequest) throws(Rejection) {
        guard config.algorithms.contains(authorization.algorithm) else {
            throw .unverifiable("\(authorization.algorithm.rawValue) is not allowed")
        }
        for name in config.enforceHeaders where !authorization.signs(name) {
            throw .unverifiable("\(name) is not signed")
        }
        guard ["x-date", "date"].contains(where: { authorization.signs($0) && isRecent(request.headers[$0]) }) else {
            throw Rejection(
                "HMAC signature cannot be verified: it needs a date or x-date header, signed, and not far from now",
                "no signed date within \(config.clockSkew) seconds")
        }
        let key = keys[authorization.username]
        let isRight = authorization.algorithm.verifies(
            authorization.signature, of: request.text(signing: authorization.headers), with: key ?? decoy)
        guard isRight, key != nil else { throw .different("wrong signature, or no such user") }
    }

    private func isRecent(_ date: String?) -> Bool {
        guard let time = date.flatMap(HTTPDate.init) else { return false }
        return abs(Date.now.timeIntervalSince1970 - Double(time.seconds)) <= Double(config.clockSkew)
    }

    /// A body must have a digest, and a digest must be signed, or anybody could change both.
    private func checkBody(of request: SignedRequest, _ authorization: Authorization, _ kong: Kong) async throws {
        let body: [UInt8]
        do throws(PDKError) {
            body = try await kong.request.rawBody()
        } catch {
            guard error.code == .refused || error.code == .limit else { throw error }
            throw Rejection.unverifiable("the body cannot be read: \(error)")
        }
        guard let digest = request.headers["digest"] else {
            guard body.isEmpty else { throw Rejection.different("the body has no digest") }
            return
        }
        guard authorization.signs("digest") else { throw Rejection.different("the digest is not signed") }
        guard digest == "SHA-256=\(Data(SHA256.hash(data: body)).base64EncodedString())" else {
            throw Rejection.different("the digest is not the body's")
        }
    }
}

/// Why a request is not let through.
struct Rejection: Error {
    /// For the client.
    let message: String
    /// For Kong's log.
    let reason: String

    init(_ message: String, _ reason: String) {
        self.message = message
        self.reason = reason
    }

    static func unverifiable(_ reason: String) -> Rejection { Rejection("HMAC signature cannot be verified", reason) }
    static func different(_ reason: String) -> Rejection { Rejection("HMAC signature does not match", reason) }
}

@section("kong_plugins") @used let entry: PluginEntry = { HMACAuth.open($0, $1) }
