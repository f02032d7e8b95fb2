import PDKCatalogue

/// A struct of kong_pdk.h that a result is laid out in: an entity of Kong's, with the fields that its protobuf message
/// has. All of these begin with their size and a map of all that Kong sent, and only grow at their end.
final class NativeStruct: Sendable {
    indirect enum Kind: Sendable {
        /// `kong_string`
        case string
        /// `kong_strings`
        case strings
        /// `int64_t`
        case integer
        case boolean
        /// `kong_map`
        case map
        /// A pointer, NULL if it is missing.
        case structure(NativeStruct)
        /// A pointer to pointers, and how many: what they point to may grow.
        case structures(NativeStruct)

        fileprivate var size: Int {
            switch self {
            case .string, .strings, .map, .structures: 16
            case .integer, .structure: 8
            case .boolean: 1
            }
        }
    }

    struct Member: Sendable {
        let name: String
        let kind: Kind
        let offset: Int
    }

    /// As "kong_route".
    let name: String
    let members: [Member]
    let size: Int

    /// Where the map of all fields is.
    static let fieldsOffset = 8
    private static let firstOffset = 24

    private init(_ name: String, _ members: [(name: String, kind: Kind)]) {
        self.name = name
        var offset = Self.firstOffset
        self.members = members.map { member in
            let alignment = min(member.kind.size, 8)
            offset = (offset + alignment - 1) / alignment * alignment
            defer { offset += member.kind.size }
            return Member(name: member.name, kind: member.kind, offset: offset)
        }
        size = (offset + 7) / 8 * 8
    }

    /// Nil for a message that is no record.
    convenience init?(_ message: ProtoMessage) {
        guard let name = Self.names[message], !message.fields.isEmpty else { return nil }
        self.init(
            name,
            message.fields.map { field in
                let kind: Kind =
                    switch field.type {
                    case .int32, .int64: .integer
                    case .bool: .boolean
                    case .string: field.isRepeated ? .strings : .string
                    case .message(let message):
                        NativeStruct(message).map { field.isRepeated ? .structures($0) : .structure($0) } ?? .map
                    }
                return ("\(field.name)", kind)
            })
    }

    private static let names: [ProtoMessage: String] = [
        .route: "kong_route", .service: "kong_service", .consumer: "kong_consumer",
        .authenticatedCredential: "kong_credential", .memoryStats: "kong_memory_stats", .serviceKey: "kong_key",
        .certificateKey: "kong_key", .sharedDictionaries: "kong_shared_dictionaries",
        .dictionaryStats: "kong_dictionary_stats", .workerMemory: "kong_worker_memory",
    ]

    static let uriCaptures = NativeStruct("kong_uri_captures", [("unnamed", .strings), ("named", .map)])

    /// All of them, those that others point to first.
    static let all: [NativeStruct] = {
        let messages: [ProtoMessage] = [
            .serviceKey, .route, .service, .consumer, .authenticatedCredential, .dictionaryStats, .sharedDictionaries,
            .workerMemory, .memoryStats,
        ]
        return messages.compactMap { NativeStruct($0) } + [uriCaptures]
    }()
}
