/// Why bytes are not what they should be, or why something cannot be put into bytes.
public enum WireError: Error, Hashable, Sendable, BitwiseCopyable {
    /// The bytes end in the middle of something, or a length or count promises more than there is.
    case truncated
    /// More than the receiver is willing to hold.
    case tooLarge
    /// Arrays, maps or messages nested deeper than `WireLimits.depth`.
    case tooDeep
    /// What no encoder writes: a reserved byte, a varint without end, a field with the number 0.
    case malformed
    /// Valid, but nothing that Kong and its plugin servers use: MessagePack extensions, protobuf groups.
    case unsupported
    /// Something valid of another type than is due here.
    case unexpectedType
    /// A number that its type cannot hold.
    case outOfRange
    /// A map key that is neither a string nor an integer.
    case badKey
    /// There is no memory for it here.
    case noMemory
    /// A PDK call's argument, counted from 1, that its message cannot carry.
    case badArgument(Int, ArgumentFault)

    public enum ArgumentFault: UInt8, Sendable, BitwiseCopyable {
        case wrongType, outOfRange, tooDeep, oneTooMany
    }
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "the data ends too early"
        case .tooLarge: "the data is too large"
        case .tooDeep: "the data is nested too deeply"
        case .malformed: "the data is malformed"
        case .unsupported: "the data uses a feature of its format that Kong does not use"
        case .unexpectedType: "the data has a value of an unexpected type"
        case .outOfRange: "the data has a number that is out of range"
        case .badKey: "the data has a map key that is neither a string nor an integer"
        case .noMemory: "there is no memory for the data"
        case .badArgument(let position, .wrongType): "argument \(position) has a type that cannot be sent"
        case .badArgument(let position, .outOfRange): "argument \(position) has a number that is out of range"
        case .badArgument(let position, .tooDeep): "argument \(position) is nested too deeply"
        case .badArgument(let position, .oneTooMany): "argument \(position) is one too many"
        }
    }
}

/// What a decoder accepts at most, whoever sent it.
public enum WireLimits {
    /// Levels of arrays and maps in a value.
    public static let depth = 64
    /// Items of arrays and entries of maps in one decoded value, all levels together. Kong sends at most 1 000 headers
    /// or query arguments; this many take 40 MB of memory, however few bytes promised them.
    public static let elements = 1 << 20
}

/// Counts the elements that one decoded value has so far.
struct ElementBudget {
    private var left = WireLimits.elements

    mutating func take(_ count: Int) throws(WireError) {
        guard count <= left else { throw .tooLarge }
        left -= count
    }
}
