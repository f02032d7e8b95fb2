// Unsafe pointers: each piece of the file is lent to the hash function.

import Crypto

/// The SHA-256 of a file, as `sha256sum` writes it: 64 hexadecimal digits.
public struct FileDigest: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    private static let pieceSize = 256 * 1024
    /// Ten times a plugin with all of Foundation in it. What is larger, such as a file of holes, would only take time.
    private static let largestFile: UInt64 = 1 << 30

    /// Reads the whole file, a piece at a time, through its open descriptor.
    ///
    /// A file that grows meanwhile is read to the size that it had; whoever has this digest compares the file's state
    /// before he relies on it.
    init(of file: FileBytes) throws(ELFError) {
        guard file.size <= Self.largestFile else { throw .malformed("\(file.size) bytes, more than any plugin has") }
        var hash = SHA256()
        var position: UInt64 = 0
        while position < file.size {
            let count = Int(min(file.size - position, UInt64(Self.pieceSize)))
            try file.read(at: position, count: count).withUnsafeBytes { hash.update(bufferPointer: $0) }
            position += UInt64(count)
        }
        description = Self.text(hash.finalize())
    }

    /// The same of a text.
    package init(of text: String) { description = Self.text(SHA256.hash(data: Array(text.utf8))) }

    private static func text(_ digest: SHA256.Digest) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Digits of either case; `nil` if they are not 64 hexadecimal ones.
    init?(digits: some StringProtocol) {
        let isHexadecimal = digits.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                true
            default: false
            }
        }
        guard digits.utf8.count == 64, isHexadecimal else { return nil }
        description = digits.lowercased()
    }
}
