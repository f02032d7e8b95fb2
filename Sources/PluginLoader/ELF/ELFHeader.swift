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
        guard let identity = ELFIdentity(start) else {
            throw .truncated(
                start.isEmpty ? "the file is empty" : "the file ends after \(start.count) bytes, inside of its first header")
        }
        guard identity.isForHost else { throw .wrongMachine(identity.machineDescription) }
        guard identity.version == ELF.currentVersion else { throw .malformed("ELF version \(identity.version)") }

        guard start.count == ELF.headerSize else {
            throw .truncated("the file ends after \(start.count) bytes, inside of its first header")
        }
        let header = ELFRecord(start)
        guard identity.type == ELF.sharedObject else { throw .notALibrary(identity.typeName) }

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
}
