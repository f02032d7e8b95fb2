/// A note (Elf64_Nhdr, then the owner's name, then the description).
public struct ELFNote: Sendable {
    let owner: String
    let type: UInt32
    let description: [UInt8]
    /// All of it, from its header to the end of its description.
    let bytes: [UInt8]
    /// Where it begins, counted from where the library is loaded.
    let address: UInt64
}

extension ELFImage {
    private static let longestOwner: UInt32 = 256
    private static let largestDescription: UInt32 = 64 * 1024
    private static let mostNotes = 256

    /// The note at an address. `alignment`, 4 or 8, is that of the description and of the note's end.
    func note(at address: UInt64, alignment: UInt64 = 4) throws(ELFError) -> ELFNote {
        let header = try record(at: address, count: ELF.noteHeaderSize)
        let ownerSize: UInt32 = try header.integer(at: 0)
        let descriptionSize: UInt32 = try header.integer(at: 4)
        guard ownerSize <= Self.longestOwner, descriptionSize <= Self.largestDescription else {
            throw .malformed("a note of \(descriptionSize) bytes for an owner of \(ownerSize) letters")
        }
        let ownerEnd = ELF.noteHeaderSize + Int(ownerSize)
        let descriptionStart = Self.align(ownerEnd, to: Int(alignment))
        let all = try bytes(at: address, count: descriptionStart + Int(descriptionSize))
        return ELFNote(
            owner: String(decoding: all[ELF.noteHeaderSize..<ownerEnd].prefix { $0 != 0 }, as: UTF8.self),
            type: try header.integer(at: 8), description: Array(all[descriptionStart...]), bytes: all, address: address)
    }

    /// All notes of the PT_NOTE segments, which are still there when section headers are stripped.
    ///
    /// A segment is read to its end, or to where it stops making sense: gold puts notes of 4- and 8-byte alignment
    /// into one segment, and the padding between the two follows no rule.
    func notes() -> [ELFNote] {
        var notes: [ELFNote] = []
        for segment in segments where segment.type == ELF.note {
            let alignment: UInt64 = segment.alignment == 8 ? 8 : 4
            var position: UInt64 = 0
            while notes.count < Self.mostNotes, position < segment.fileSize {
                guard let address = try? ELF.sum(segment.address, position),
                    let note = try? note(at: address, alignment: alignment)
                else { break }
                notes.append(note)
                position += UInt64(Self.align(note.bytes.count, to: Int(alignment)))
            }
        }
        return notes
    }

    /// The build ID that the linker computed (owner "GNU", type NT_GNU_BUILD_ID = 3), in hexadecimal.
    public var buildID: String? {
        guard let note = notes().first(where: { $0.owner == "GNU" && $0.type == 3 }) else { return nil }
        return note.description.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func align(_ size: Int, to alignment: Int) -> Int {
        (size + alignment - 1) / alignment * alignment
    }
}
