import Synchronization

/// Makes ids; no two are the same.
final class IDGenerator: Sendable {
    enum Kind: String, Codable, CaseIterable {
        /// A random UUID for each.
        case uuid
        /// One UUID for all, and a number: shorter to make, and tells the order.
        case uuidCounter = "uuid#counter"
    }

    private let kind: Kind
    private let prefix = IDGenerator.uuid()
    private let count = Atomic<UInt64>(0)

    init(_ kind: Kind) { self.kind = kind }

    func next() -> String {
        switch kind {
        case .uuid: Self.uuid()
        case .uuidCounter: "\(prefix)#\(count.wrappingAdd(1, ordering: .relaxed).newValue)"
        }
    }

    /// A random UUID: version 4 of RFC 9562.
    private static func uuid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
