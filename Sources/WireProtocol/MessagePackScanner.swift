/// Finds the end of a MessagePack object in a buffer that grows.
///
/// It remembers how far it has looked, so that an object of n bytes costs O(n) in however many pieces it comes; a
/// string's content is stepped over. It knows lengths only: what the object means, and how deeply it is nested, is
/// the reader's business.
public struct MessagePackScanner {
    let limit: Int
    /// Where the next header is, or will be.
    private var position = 0
    /// How many objects are still to come: items of arrays, keys and values of maps, the object itself.
    private var pending = 1

    /// Whether it has seen a part of an object.
    var hasBegun: Bool { position > 0 }

    /// - Parameter limit: How many bytes an object may have. One that must become longer is refused as soon as that shows.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Looks at what has come since the last time.
    ///
    /// - Parameter bytes: All bytes from the object's first one on, those of earlier calls included.
    /// - Returns: The length of the object once it is whole; nil while more is to come.
    public mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Int? {
        while pending > 0 {
            guard position < bytes.count else { return nil }
            var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[position...]))
            guard let extent = try MessagePackExtent(at: &cursor) else { return nil }
            // Neither can overflow: an extent is below 2^33 + 16, and both sums stay below the limit.
            pending += extent.children - 1
            position += extent.size
            guard position <= limit, pending <= limit - position else { throw .tooLarge }
        }
        return position <= bytes.count ? position : nil
    }

    /// Makes it ready for the next object.
    public mutating func reset() {
        self = MessagePackScanner(limit: limit)
    }
}

/// How far an object reaches, as its header says.
struct MessagePackExtent {
    /// Bytes of its header, and of its content if that is bytes.
    var size: Int
    /// Objects that follow the header and belong to it.
    var children = 0

    /// Reads the header that the cursor is at; nil if it is not all there.
    init?(at cursor: inout ByteCursor) throws(WireError) {
        guard let byte = cursor.next else { return nil }
        switch byte {
        case 0x00...0x7f, 0xe0...0xff, 0xc0, 0xc2, 0xc3: size = 1
        case 0x80...0x8f: (size, children) = (1, 2 * Int(byte & 0x0f))
        case 0x90...0x9f: (size, children) = (1, Int(byte & 0x0f))
        case 0xa0...0xbf: size = 1 + Int(byte & 0x1f)
        case 0xcc, 0xd0: size = 2
        case 0xcd, 0xd1: size = 3
        case 0xca, 0xce, 0xd2: size = 5
        case 0xcb, 0xcf, 0xd3: size = 9
        case 0xd4...0xd8: size = 2 + 1 << Int(byte - 0xd4)
        case 0xc4...0xc9, 0xd9...0xdf:
            guard cursor.remaining > Self.lengthSize(of: byte) else { return nil }
            _ = try cursor.readByte()
            let length: Int
            switch Self.lengthSize(of: byte) {
            case 1: length = Int(try cursor.readByte())
            case 2: length = Int(try cursor.read(bigEndian: UInt16.self))
            default: length = Int(try cursor.read(bigEndian: UInt32.self))
            }
            size = 1 + Self.lengthSize(of: byte)
            switch byte {
            case 0xdc, 0xdd: children = length
            case 0xde, 0xdf: children = 2 * length
            case 0xc7...0xc9: size += 1 + length
            default: size += length
            }
        default: throw .malformed
        }
    }

    /// The bytes of the length that follows this first byte.
    private static func lengthSize(of byte: UInt8) -> Int {
        switch byte {
        case 0xc4, 0xc7, 0xd9: 1
        case 0xc5, 0xc8, 0xda, 0xdc, 0xde: 2
        default: 4
        }
    }
}
