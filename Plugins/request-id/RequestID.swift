import KongPDK

/// Gives each request an id: to the service, to the client, and to the log.
struct RequestID: Plugin, AccessPhase {
    static let version = "1.0.0"
    /// Before all others, so that what these log and answer has the id too.
    static let priority = 100_001

    struct Config: PluginConfig {
        @Field(.headerName) var headerName = "x-request-id"
        var generator = IDGenerator.Kind.uuid
        /// Whether an id that the client has sent stays, if it is one.
        var keepClientID = true
        /// How long such an id may be, in bytes.
        @Field(.between(1...1024)) var maxLength = 128
        /// Whether the client gets the id.
        var echoDownstream = true
    }

    private let config: Config
    private let generator: IDGenerator

    init(config: Config) {
        self.config = config
        generator = IDGenerator(config.generator)
    }

    func access(_ kong: Kong) async throws {
        let id = try await clientID(kong) ?? generator.next()
        // Also an id that stays: should there be several, the service gets the one that is logged.
        try kong.service.request.setHeader(config.headerName, id)
        if config.echoDownstream { try kong.response.setHeader(config.headerName, id) }
        try kong.log.setSerializeValue("request_id", .string(id))
    }

    private func clientID(_ kong: Kong) async throws -> String? {
        guard config.keepClientID, let id = try await kong.request.headerBytes(config.headerName),
            (1...config.maxLength).contains(id.count), id.allSatisfy(Self.isAllowed)
        else { return nil }
        return String(decoding: id, as: UTF8.self)
    }

    /// An id ends up in logs and in other people's shells: letters, digits and `-._~:/+=@#`.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch Character(UnicodeScalar(byte)) {
        case "a"..."z", "A"..."Z", "0"..."9": true
        case let other: "-._~:/+=@#".contains(other)
        }
    }
}

@section("kong_plugins") @used let entry: PluginEntry = { RequestID.open($0, $1) }
