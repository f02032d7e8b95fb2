/// The dynamic segment (PT_DYNAMIC): which libraries a library needs, where they are looked for, and where its symbols
/// are.
public struct ELFDynamic: Sendable {
    /// DT_NEEDED, in order.
    public private(set) var needed: [String] = []
    /// DT_SONAME: the name under which the dynamic linker knows the library once it is loaded.
    public private(set) var soname: String?
    /// DT_RUNPATH and DT_RPATH, split at colons. The latter counts only where there is none of the former.
    public private(set) var runpath: [String]?
    public private(set) var rpath: [String]?

    /// DF_1_PIE.
    let isProgram: Bool
    // Addresses of DT_STRTAB, DT_SYMTAB, DT_GNU_HASH and DT_HASH; the size of the first.
    let strings: UInt64
    let stringsSize: UInt64
    let symbols: UInt64
    let gnuHash: UInt64?
    let hash: UInt64?
    // Addresses of DT_VERNEED and DT_VERDEF.
    let versionNeeds: UInt64?
    let versionDefinitions: UInt64?

    /// More than any library has; what is beyond is refused rather than read.
    private static let mostEntries = 16384
    private static let mostNeeded = 256
    private static let longestString = 4096

    // d_tag
    private static let neededTag: UInt64 = 1  // DT_NEEDED
    private static let hashTag: UInt64 = 4  // DT_HASH
    private static let stringsTag: UInt64 = 5  // DT_STRTAB
    private static let symbolsTag: UInt64 = 6  // DT_SYMTAB
    private static let stringsSizeTag: UInt64 = 10  // DT_STRSZ
    private static let sonameTag: UInt64 = 14  // DT_SONAME
    private static let rpathTag: UInt64 = 15  // DT_RPATH
    private static let runpathTag: UInt64 = 29  // DT_RUNPATH
    private static let gnuHashTag: UInt64 = 0x6fff_fef5  // DT_GNU_HASH
    private static let flags1Tag: UInt64 = 0x6fff_fffb  // DT_FLAGS_1
    private static let versionDefinitionsTag: UInt64 = 0x6fff_fffc  // DT_VERDEF
    private static let versionNeedsTag: UInt64 = 0x6fff_fffe  // DT_VERNEED
    private static let pieFlag: UInt64 = 0x0800_0000  // DF_1_PIE

    init(_ segments: [ELFImage.Segment], in file: FileBytes) throws(ELFError) {
        guard let segment = segments.last(where: { $0.type == ELF.dynamic }) else {
            throw .malformed("it has no dynamic segment: it is not linked as a shared library")
        }
        guard segment.fileSize / UInt64(ELF.dynamicEntrySize) <= UInt64(Self.mostEntries) else {
            throw .malformed("a dynamic segment of \(segment.fileSize) bytes")
        }
        let size = Int(segment.fileSize)
        // By address, as the dynamic linker reads it, not by p_offset.
        let table = ELFRecord(try file.read(at: try ELFImage.offset(of: segment.address, count: size, in: segments), count: size))

        var values: [UInt64: UInt64] = [:]
        var neededNames: [UInt64] = []
        var isTerminated = false
        var start = 0
        while start + ELF.dynamicEntrySize <= size {
            let tag: UInt64 = try table.integer(at: start)
            let value: UInt64 = try table.integer(at: start + 8)
            start += ELF.dynamicEntrySize
            if tag == 0 {  // DT_NULL
                isTerminated = true
                break
            }
            if tag == Self.neededTag { neededNames.append(value) } else { values[tag] = value }
        }
        guard isTerminated else { throw .malformed("a dynamic segment without an end") }
        guard neededNames.count <= Self.mostNeeded else { throw .malformed("it needs \(neededNames.count) libraries") }
        guard let strings = values[Self.stringsTag], let stringsSize = values[Self.stringsSizeTag],
            let symbols = values[Self.symbolsTag]
        else { throw .malformed("a dynamic segment without symbols or strings") }

        self.strings = strings
        self.stringsSize = stringsSize
        self.symbols = symbols
        gnuHash = values[Self.gnuHashTag]
        hash = values[Self.hashTag]
        versionNeeds = values[Self.versionNeedsTag]
        versionDefinitions = values[Self.versionDefinitionsTag]
        isProgram = values[Self.flags1Tag, default: 0] & Self.pieFlag != 0

        func string(_ offset: UInt64) throws(ELFError) -> String {
            try Self.string(at: offset, table: strings, size: stringsSize, segments, file)
        }
        for name in neededNames { needed.append(try string(name)) }
        if let name = values[Self.sonameTag] { soname = try string(name) }
        if let list = values[Self.runpathTag] { runpath = try string(list).split(separator: ":").map(String.init) }
        if let list = values[Self.rpathTag] { rpath = try string(list).split(separator: ":").map(String.init) }
    }

    /// A string of the table at the address `table`.
    static func string(
        at offset: UInt64, table: UInt64, size: UInt64, _ segments: [ELFImage.Segment], _ file: FileBytes
    ) throws(ELFError) -> String {
        guard offset < size else { throw .malformed("a name at \(offset) in a string table of \(size) bytes") }
        let count = Int(min(size - offset, UInt64(longestString)))
        let address = try ELF.sum(table, offset)
        let bytes = try file.read(at: try ELFImage.offset(of: address, count: count, in: segments), count: count)
        guard let end = bytes.firstIndex(of: 0) else { throw .malformed("a name without an end") }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
