/// The messages of Kong's `pluginsocket.proto` that a PDK method takes or returns, and those inside them.
public enum ProtoMessage: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    case empty
    /// `String`, `Int`, `Bool`, `Number`, `ByteString`: one value in the field `v`.
    case string, int, bool, number, byteString
    /// `KV`: a name and a value.
    case keyValue
    case target, exitArgs, consumerSpec, authenticateArgs
    /// `google.protobuf.Value`, `ListValue` and `Struct`.
    case value, listValue, structure
    case rawBodyResult, uriCapturesResult
    case route, service, consumer, authenticatedCredential, memoryStats
    /// Only inside others: `ServiceKey`, `CertificateKey`, and `LuaSharedDicts`, `DictStats`, `WorkerLuaVm` of `MemoryStats`.
    case serviceKey, certificateKey, sharedDictionaries, dictionaryStats, workerMemory

    /// How many arguments it carries; `UInt8.max`: any number.
    public var argumentCount: UInt8 {
        switch self {
        case .empty: 0
        case .listValue: .max
        case .keyValue, .target, .consumerSpec, .authenticateArgs: 2
        case .exitArgs: 3
        case .string, .int, .bool, .number, .byteString, .value, .structure, .rawBodyResult, .uriCapturesResult, .route,
            .service, .consumer, .authenticatedCredential, .memoryStats, .serviceKey, .certificateKey,
            .sharedDictionaries, .dictionaryStats, .workerMemory:
            1
        }
    }

    /// The fields of a message that Kong's Lua sees as a table with the fields' names, in the order of their numbers.
    /// Empty for the messages that Kong's `pb_rpc.lua` wraps and unwraps in ways of their own.
    public var fields: [ProtoField] {
        switch self {
        case .route: Self.routeFields
        case .service: Self.serviceFields
        case .consumer: Self.consumerFields
        case .authenticatedCredential: Self.credentialFields
        case .memoryStats: Self.memoryFields
        case .serviceKey, .certificateKey: Self.keyFields
        case .sharedDictionaries: Self.dictionariesFields
        case .dictionaryStats: Self.dictionaryFields
        case .workerMemory: Self.workerFields
        case .empty, .string, .int, .bool, .number, .byteString, .keyValue, .target, .exitArgs, .consumerSpec,
            .authenticateArgs, .value, .listValue, .structure, .rawBodyResult, .uriCapturesResult:
            []
        }
    }

    private static let routeFields: [ProtoField] = [
        ProtoField(1, "id", .string),
        ProtoField(2, "created_at", .int64),
        ProtoField(3, "updated_at", .int64),
        ProtoField(4, "name", .string),
        ProtoField(5, "protocols", .string, isRepeated: true),
        ProtoField(6, "methods", .string, isRepeated: true),
        ProtoField(7, "hosts", .string, isRepeated: true),
        ProtoField(8, "paths", .string, isRepeated: true),
        ProtoField(9, "headers", .string, isRepeated: true),
        ProtoField(10, "https_redirect_status_code", .int32),
        ProtoField(11, "regex_priority", .int32),
        ProtoField(12, "strip_path", .bool),
        ProtoField(13, "preserve_host", .bool),
        ProtoField(14, "snis", .string, isRepeated: true),
        ProtoField(15, "sources", .string, isRepeated: true),
        ProtoField(16, "destinations", .string, isRepeated: true),
        ProtoField(17, "tags", .string, isRepeated: true),
        ProtoField(18, "service", .message(.serviceKey)),
    ]

    private static let serviceFields: [ProtoField] = [
        ProtoField(1, "id", .string),
        ProtoField(2, "created_at", .int64),
        ProtoField(3, "updated_at", .int64),
        ProtoField(4, "name", .string),
        ProtoField(5, "retries", .int32),
        ProtoField(6, "protocol", .string),
        ProtoField(7, "host", .string),
        ProtoField(8, "port", .int32),
        ProtoField(9, "path", .string),
        ProtoField(10, "connect_timeout", .int32),
        ProtoField(11, "write_timeout", .int32),
        ProtoField(12, "read_timeout", .int32),
        ProtoField(13, "tags", .string, isRepeated: true),
        ProtoField(14, "client_certificate", .message(.certificateKey)),
    ]

    private static let consumerFields: [ProtoField] = [
        ProtoField(1, "id", .string),
        ProtoField(2, "created_at", .int64),
        ProtoField(3, "username", .string),
        ProtoField(4, "custom_id", .string),
        ProtoField(5, "tags", .string, isRepeated: true),
    ]

    private static let credentialFields: [ProtoField] = [
        ProtoField(1, "id", .string),
        ProtoField(2, "consumer_id", .string),
    ]

    private static let memoryFields: [ProtoField] = [
        ProtoField(1, "lua_shared_dicts", .message(.sharedDictionaries)),
        ProtoField(2, "workers_lua_vms", .message(.workerMemory), isRepeated: true),
    ]

    private static let keyFields: [ProtoField] = [ProtoField(1, "id", .string)]

    private static let dictionariesFields: [ProtoField] = [
        ProtoField(1, "kong", .message(.dictionaryStats)),
        ProtoField(2, "kong_db_cache", .message(.dictionaryStats)),
    ]

    private static let dictionaryFields: [ProtoField] = [
        ProtoField(1, "allocated_slabs", .int64),
        ProtoField(2, "capacity", .int64),
    ]

    private static let workerFields: [ProtoField] = [
        ProtoField(1, "http_allocated_gc", .int64),
        ProtoField(2, "pid", .int64),
    ]
}

/// One field of a message.
public struct ProtoField: Sendable {
    public let number: UInt32
    /// Kong's name for it. Static, so that a decoded map's keys can point to it.
    public let name: StaticString
    public let type: ProtoFieldType
    public let isRepeated: Bool

    init(_ number: UInt32, _ name: StaticString, _ type: ProtoFieldType, isRepeated: Bool = false) {
        self.number = number
        self.name = name
        self.type = type
        self.isRepeated = isRepeated
    }
}

public enum ProtoFieldType: Hashable, Sendable, BitwiseCopyable {
    case int32, int64, bool, string
    case message(ProtoMessage)
}
