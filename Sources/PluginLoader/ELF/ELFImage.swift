/// A shared library as its file describes it: nothing of it is run or mapped.
///
/// Where a rule is the dynamic linker's, what it goes by is read: program headers and addresses, not sections, which
/// may be stripped. Every number in the file may be anything; every read is checked against the file's real size.
/// Source: the ELF specification (gABI) and `elf.h`; what glibc makes of them, `elf/dl-load.c`.
public struct ELFImage: Sendable {
    /// A program header (Elf64_Phdr).
    struct Segment: Sendable {
        let type: UInt32
        let offset: UInt64
        let address: UInt64
        let fileSize: UInt64
        let memorySize: UInt64
        let alignment: UInt64
    }

    /// A section header (Elf64_Shdr).
    struct Section: Sendable {
        let name: UInt32
        let type: UInt32
        let flags: UInt64
        let offset: UInt64
        let size: UInt64
        /// Another section that belongs to it (sh_link).
        let link: UInt32
    }

    let file: FileBytes
    let segments: [Segment]
    let sections: [Section]
    private let sectionNames: UInt16
    /// What the dynamic linker is told.
    public let dynamic: ELFDynamic

    public init(_ file: FileBytes) throws(ELFError) {
        let header = try ELFHeader(file)
        self.file = file
        sectionNames = header.sectionNames
        segments = try Self.segments(header.segments, in: file)
        sections = try Self.sections(header.sections, in: file)
        dynamic = try ELFDynamic(segments, in: file)
        // DF_1_PIE is all that tells a program from a library, for which the type is ET_DYN too.
        guard !dynamic.isProgram else { throw .notALibrary("a program") }
    }

    // MARK: Reading by address

    /// The bytes that will be at an address, counted from where the library is loaded. Only what comes from the file.
    func bytes(at address: UInt64, count: Int) throws(ELFError) -> [UInt8] {
        try file.read(at: try Self.offset(of: address, count: count, in: segments), count: count)
    }

    func record(at address: UInt64, count: Int) throws(ELFError) -> ELFRecord {
        ELFRecord(try bytes(at: address, count: count))
    }

    static func offset(of address: UInt64, count: Int, in segments: [Segment]) throws(ELFError) -> UInt64 {
        guard let count = UInt64(exactly: count) else { throw .malformed("a table of negative size") }
        for segment in segments where segment.type == ELF.load && address >= segment.address {
            let distance = address - segment.address
            guard distance <= segment.fileSize, segment.fileSize - distance >= count else { continue }
            return try ELF.sum(segment.offset, distance)
        }
        throw .malformed("address 0x\(String(address, radix: 16)) is in no segment")
    }

    /// A string of the dynamic segment's table.
    func string(at offset: UInt32) throws(ELFError) -> String {
        try ELFDynamic.string(at: UInt64(offset), table: dynamic.strings, size: dynamic.stringsSize, segments, file)
    }

    // MARK: Sections

    /// Far more than compilers leave, of whom each writes one line once.
    private static let mostComments: UInt64 = 256 * 1024

    /// The strings of the section `.comment`, where compilers leave their names. Empty where it has been removed.
    func comments() throws(ELFError) -> [String] {
        guard let section = try section(named: ".comment"), section.flags & ELF.compressed == 0 else { return [] }
        let bytes = try file.read(at: section.offset, count: Int(min(section.size, Self.mostComments)))
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    func section(named name: String) throws(ELFError) -> Section? {
        guard Int(sectionNames) < sections.count else { return nil }
        let names = sections[Int(sectionNames)]
        guard names.type != ELF.noBits else { return nil }
        let table = try file.read(at: names.offset, count: Int(clamping: names.size))
        let wanted = Array(name.utf8) + [0]
        for section in sections where section.type != ELF.noBits {
            guard let start = Int(exactly: section.name), start < table.count else { continue }
            if table[start...].starts(with: wanted) { return section }
        }
        return nil
    }

    // MARK: Tables

    /// Linkers make a dozen. All are looked through for each address, so that many would make the reader slow.
    private static let mostSegments = 256

    private static func segments(_ table: ELFHeader.Table, in file: FileBytes) throws(ELFError) -> [Segment] {
        guard Int(table.recordSize) == ELF.segmentSize else { throw .malformed("program headers of \(table.recordSize) bytes") }
        guard table.count <= Self.mostSegments else { throw .malformed("\(table.count) program headers") }
        let bytes = ELFRecord(try file.read(at: table.offset, count: Int(table.count) * ELF.segmentSize))
        var segments: [Segment] = []
        for start in stride(from: 0, to: bytes.bytes.count, by: ELF.segmentSize) {
            let segment = Segment(
                type: try bytes.integer(at: start), offset: try bytes.integer(at: start + 8),
                address: try bytes.integer(at: start + 16), fileSize: try bytes.integer(at: start + 32),
                memorySize: try bytes.integer(at: start + 40), alignment: try bytes.integer(at: start + 48))
            if segment.type == ELF.load {
                let end = try ELF.sum(segment.offset, segment.fileSize)
                guard end <= file.size else { throw .truncated("a segment ends at byte \(end), the file has \(file.size)") }
                guard segment.fileSize <= segment.memorySize else {
                    throw .malformed("a segment is larger in the file than in memory")
                }
                _ = try ELF.sum(segment.address, segment.memorySize)
            }
            segments.append(segment)
        }
        guard segments.contains(where: { $0.type == ELF.load }) else { throw .malformed("it has nothing to load") }
        return segments
    }

    /// Empty if the file has none. The dynamic linker needs none; but linkers write the table last, so one that is not
    /// all there tells of a file that was not copied to its end.
    static func sections(_ table: ELFHeader.Table, in file: FileBytes) throws(ELFError) -> [Section] {
        guard table.offset != 0, table.count != 0 else { return [] }
        guard Int(table.recordSize) == ELF.sectionSize else { throw .malformed("section headers of \(table.recordSize) bytes") }
        let bytes = ELFRecord(try file.read(at: table.offset, count: Int(table.count) * ELF.sectionSize))
        var sections: [Section] = []
        for start in stride(from: 0, to: bytes.bytes.count, by: ELF.sectionSize) {
            sections.append(
                Section(
                    name: try bytes.integer(at: start), type: try bytes.integer(at: start + 4),
                    flags: try bytes.integer(at: start + 8), offset: try bytes.integer(at: start + 24),
                    size: try bytes.integer(at: start + 32), link: try bytes.integer(at: start + 40)))
        }
        return sections
    }
}
