/// The bytes of a library, with the places that tests damage. Knows the layout by itself, not from the reader under test.
package struct PatchedLibrary {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8] = CSource.goodBytes) { self.bytes = bytes }

    package func integer(_ offset: Int, _ size: Int) -> Int {
        bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    package mutating func set(_ value: UInt64, _ size: Int, at offset: Int) {
        for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
    }

    // MARK: Header

    package var segmentTable: Int { integer(32, 8) }
    package var sectionTable: Int { integer(40, 8) }
    package var segmentCount: Int { integer(56, 2) }
    package var sectionCount: Int { integer(60, 2) }

    /// Offsets of the program headers of a type.
    package func segments(_ type: Int) -> [Int] {
        (0..<segmentCount).map { segmentTable + 56 * $0 }.filter { integer($0, 4) == type }
    }

    package static let load = 1
    package static let dynamic = 2
    package static let note = 4

    /// The offset in the file of what will be at an address.
    package func offset(of address: Int) -> Int {
        for segment in segments(Self.load) {
            let start = integer(segment + 16, 8)
            if (start..<start + integer(segment + 32, 8)).contains(address) { return integer(segment + 8, 8) + address - start }
        }
        fatalError("no address \(address)")
    }

    // MARK: Dynamic segment

    /// Offsets of the entries with a tag; an entry is its tag and its value, 8 bytes each.
    package func entries(_ tag: Int) -> [Int] {
        let segment = segments(Self.dynamic)[0]
        let start = integer(segment + 8, 8)
        return stride(from: start, to: start + integer(segment + 32, 8), by: 16).filter { integer($0, 8) == tag }
    }

    /// Where the table that an entry points to is in the file.
    package func table(_ tag: Int) -> Int { offset(of: integer(entries(tag)[0] + 8, 8)) }

    package static let needed = 1
    package static let hash = 4
    package static let strings = 5
    package static let symbols = 6
    package static let stringsSize = 10
    package static let gnuHash = 0x6fff_fef5
    package static let versionNeeds = 0x6fff_fffe

    /// The offset of the stamp's note.
    package var stamp: Int {
        segments(Self.note).map { integer($0 + 8, 8) }.first {
            bytes[($0 + 12)..<($0 + 16)].elementsEqual("Kong".utf8)
        } ?? firstIndex(of: Array("Kong\0\0\0\0".utf8)) - 12
    }

    package func firstIndex(of text: [UInt8]) -> Int {
        (0..<bytes.count - text.count).first { bytes[$0..<$0 + text.count].elementsEqual(text) } ?? fatal("no such text")
    }

    private func fatal(_ message: String) -> Int { fatalError(message) }
}
