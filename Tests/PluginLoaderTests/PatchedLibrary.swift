@testable import PluginLoader

/// The bytes of a library, with the places that tests damage. Knows the layout by itself, not from the reader under test.
struct PatchedLibrary {
    var bytes: [UInt8]

    init(_ bytes: [UInt8] = CSource.goodBytes) { self.bytes = bytes }

    func integer(_ offset: Int, _ size: Int) -> Int {
        bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func set(_ value: UInt64, _ size: Int, at offset: Int) {
        for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    }

    // MARK: Header

    var segmentTable: Int { integer(32, 8) }
    var sectionTable: Int { integer(40, 8) }
    var segmentCount: Int { integer(56, 2) }
    var sectionCount: Int { integer(60, 2) }

    /// Offsets of the program headers of a type.
    func segments(_ type: Int) -> [Int] {
        (0..<segmentCount).map { segmentTable + 56 * $0 }.filter { integer($0, 4) == type }
    }

    static let load = 1
    static let dynamic = 2
    static let note = 4

    /// The offset in the file of what will be at an address.
    func offset(of address: Int) -> Int {
        for segment in segments(Self.load) {
            let start = integer(segment + 16, 8)
            if (start..<start + integer(segment + 32, 8)).contains(address) { return integer(segment + 8, 8) + address - start }
        }
        fatalError("no address \(address)")
    }

    // MARK: Dynamic segment

    /// Offsets of the entries with a tag; an entry is its tag and its value, 8 bytes each.
    func entries(_ tag: Int) -> [Int] {
        let segment = segments(Self.dynamic)[0]
        let start = integer(segment + 8, 8)
        return stride(from: start, to: start + integer(segment + 32, 8), by: 16).filter { integer($0, 8) == tag }
    }

    /// Where the table that an entry points to is in the file.
    func table(_ tag: Int) -> Int { offset(of: integer(entries(tag)[0] + 8, 8)) }

    static let needed = 1
    static let hash = 4
    static let strings = 5
    static let symbols = 6
    static let stringsSize = 10
    static let gnuHash = 0x6fff_fef5
    static let versionNeeds = 0x6fff_fffe

    /// The offset of the stamp's note.
    var stamp: Int {
        segments(Self.note).map { integer($0 + 8, 8) }.first {
            bytes[($0 + 12)..<($0 + 16)].elementsEqual("Kong".utf8)
        } ?? firstIndex(of: Array("Kong\0\0\0\0".utf8)) - 12
    }

    func firstIndex(of text: [UInt8]) -> Int {
        (0..<bytes.count - text.count).first { bytes[$0..<$0 + text.count].elementsEqual(text) } ?? fatal("no such text")
    }

    private func fatal(_ message: String) -> Int { fatalError(message) }
}
