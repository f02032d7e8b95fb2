/// The first 64 bytes of an ELF file (Elf64_Ehdr): whether it is a shared library for this machine, and where its
/// tables are.
struct ELFHeader: Sendable {
    /// A table of records in the file.
    struct Table: Sendable {
        let offset: UInt64
        let recordSize: UInt16
        let count: UInt16
    }

    let segments: Table
    let sections: Table
    /// Which section holds the names of sections (e_shstrndx).
    let sectionNames: UInt16

    /// What this host loads, for messages.
    static let hostDescription = "64-bit \(ELF.machineName(ELF.hostMachine)) Linux"

    /// Checks in the order in which a wrong file is best explained: is it ELF, is it for this machine, is it all there,
    /// is it a library.
    init(_ file: FileBytes) throws(ELFError) {
        let start = try file.read(at: 0, count: Int(min(file.size, UInt64(ELF.headerSize))))
        guard start.starts(with: ELF.magic.prefix(start.count)) else { throw .notELF(Self.describe(start)) }
        guard start.count >= 20 else {
            throw .truncated(
                start.isEmpty ? "the file is empty" : "the file ends after \(start.count) bytes, inside of its first header")
        }

        let wordSize = start[4] == ELF.class64 ? "64-bit" : start[4] == 1 ? "32-bit" : "class \(start[4])"
        let isBigEndian = start[5] == 2
        let machine = isBigEndian ? UInt16(start[18]) << 8 | UInt16(start[19]) : UInt16(start[19]) << 8 | UInt16(start[18])
        guard start[4] == ELF.class64, start[5] == ELF.littleEndian, machine == ELF.hostMachine else {
            throw .wrongMachine("\(wordSize)\(isBigEndian ? " big-endian" : "") \(ELF.machineName(machine))")
        }
        guard ELF.systems.contains(start[7]) else {
            throw .wrongMachine("\(wordSize) \(ELF.machineName(machine)), operating system \(start[7])")
        }
        guard start[6] == ELF.currentVersion else { throw .malformed("ELF version \(start[6])") }

        guard start.count == ELF.headerSize else {
            throw .truncated("the file ends after \(start.count) bytes, inside of its first header")
        }
        let header = ELFRecord(start)
        let type: UInt16 = try header.integer(at: 16)
        guard type == ELF.sharedObject else { throw .notALibrary(Self.describe(type: type)) }

        segments = Table(
            offset: try header.integer(at: 32), recordSize: try header.integer(at: 54), count: try header.integer(at: 56))
        sections = Table(
            offset: try header.integer(at: 40), recordSize: try header.integer(at: 58), count: try header.integer(at: 60))
        sectionNames = try header.integer(at: 62)
    }

    private static func describe(_ start: [UInt8]) -> String {
        if start.starts(with: Array("!<arch>".utf8)) { return "a static library (ar archive)" }
        if start.starts(with: Array("#!".utf8)) { return "a script" }
        if start.starts(with: Array("version https://git-lfs".utf8)) { return "a Git LFS pointer, not the file itself" }
        if start.allSatisfy({ (0x20..<0x7f).contains($0) || (0x09...0x0d).contains($0) }) {
            return "text, beginning with \"\(String(decoding: start.prefix(16), as: UTF8.self))\""
        }
        if start.starts(with: [0xcf, 0xfa, 0xed, 0xfe]) || start.starts(with: [0xca, 0xfe, 0xba, 0xbe]) {
            return "a library for macOS (Mach-O)"
        }
        if start.starts(with: Array("MZ".utf8)) { return "a library for Windows (PE)" }
        let hex = start.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return "data, beginning with the bytes \(hex.joined(separator: " "))"
    }

    private static func describe(type: UInt16) -> String {
        switch type {
        case 1: "an object file (.o)"
        case 2: "a program"
        case 4: "a core dump"
        default: "an ELF file of type \(type)"
        }
    }
}
