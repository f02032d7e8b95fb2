/// The two protocols that Kong speaks, on one socket.
public enum WireProtocolKind: Sendable {
    /// MessagePack-RPC, as of go-pluginserver. Kong calls it "MsgPack:1".
    case messagePack
    /// Kong calls it "ProtoBuf:1".
    case protoBuf

    public var kongName: String {
        switch self {
        case .messagePack: "MsgPack:1"
        case .protoBuf: "ProtoBuf:1"
        }
    }

    public init?(kongName name: String) {
        guard let kind = [Self.messagePack, .protoBuf].first(where: { $0.kongName == name }) else { return nil }
        self = kind
    }

    /// Which protocol a client speaks, from its first bytes; nil: too few of them to tell.
    ///
    /// A MessagePack-RPC request is the array `[0, id, method, arguments]`: 94 00, an unsigned integer, a string. A
    /// ProtoBuf:1 frame starts with its length, four bytes, lowest first; a length whose lowest two bytes are 94 00 is
    /// possible, but what follows it is an `RpcCall`, whose bytes are no MessagePack string where one is due.
    public static func detect(_ bytes: UnsafeRawBufferPointer) -> WireProtocolKind? {
        guard let first = bytes.first else { return nil }
        guard first == 0x94 else { return .protoBuf }
        guard bytes.count > 1 else { return nil }
        guard bytes[1] == 0x00 else { return .protoBuf }
        guard bytes.count > 2 else { return nil }
        let idSize: Int
        switch bytes[2] {
        case 0x00...0x7f: idSize = 1
        case 0xcc: idSize = 2
        case 0xcd: idSize = 3
        case 0xce: idSize = 5
        case 0xcf: idSize = 9
        default: return .protoBuf
        }
        let method = 2 + idSize
        guard bytes.count > method else { return nil }
        switch bytes[method] {
        case 0xa0...0xbf, 0xd9, 0xda, 0xdb: return .messagePack
        default: return .protoBuf
        }
    }
}
