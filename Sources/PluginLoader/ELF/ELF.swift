/// The numbers of the ELF format that the loader needs, with the names that they have in `elf.h`.
///
/// Only 64-bit little-endian files get as far as most of them: those are all that the host's machines run.
enum ELF {
    static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]  // ELFMAG

    // e_ident
    static let class64: UInt8 = 2  // ELFCLASS64
    static let littleEndian: UInt8 = 1  // ELFDATA2LSB
    static let bigEndian: UInt8 = 2  // ELFDATA2MSB
    static let currentVersion: UInt8 = 1  // EV_CURRENT
    /// ELFOSABI_SYSV and ELFOSABI_GNU: the two that glibc's dynamic linker takes.
    static let systems: Set<UInt8> = [0, 3]

    static let sharedObject: UInt16 = 3  // ET_DYN

    #if arch(x86_64)
        static let hostMachine: UInt16 = 62  // EM_X86_64
    #elseif arch(arm64)
        static let hostMachine: UInt16 = 183  // EM_AARCH64
    #else
        #error("name this processor's e_machine here, and its flags in LinkerCache.swift")
    #endif

    // p_type
    static let load: UInt32 = 1  // PT_LOAD
    static let dynamic: UInt32 = 2  // PT_DYNAMIC
    static let note: UInt32 = 4  // PT_NOTE

    // sh_type, sh_flags
    static let symbolTable: UInt32 = 2  // SHT_SYMTAB
    static let dynamicSymbolTable: UInt32 = 11  // SHT_DYNSYM
    static let noBits: UInt32 = 8  // SHT_NOBITS
    static let compressed: UInt64 = 1 << 11  // SHF_COMPRESSED

    // st_info, st_shndx
    static let undefinedSection: UInt16 = 0  // SHN_UNDEF
    static let object: UInt8 = 1  // STT_OBJECT
    static let function: UInt8 = 2  // STT_FUNC
    /// STB_GLOBAL, STB_WEAK and STB_GNU_UNIQUE: what dlsym finds.
    static let exportedBindings: Set<UInt8> = [1, 2, 10]

    // Sizes of Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr, Elf64_Dyn, Elf64_Sym, Elf64_Nhdr, Elf64_Verneed and Elf64_Vernaux,
    // Elf64_Verdef and Elf64_Verdaux.
    static let headerSize = 64
    static let segmentSize = 56
    static let sectionSize = 64
    static let dynamicEntrySize = 16
    static let symbolSize = 24
    static let noteHeaderSize = 12
    static let versionNeedSize = 16
    static let versionDefinitionSize = 20
    static let versionNameSize = 8

    static func machineName(_ machine: UInt16) -> String {
        switch machine {
        case 3: "i386"
        case 8: "MIPS"
        case 21: "PowerPC64"
        case 22: "s390"
        case 40: "ARM"
        case 62: "x86-64"
        case 183: "AArch64"
        case 243: "RISC-V"
        case 258: "LoongArch"
        default: "machine \(machine)"
        }
    }

    /// `a + b`, where a file's own numbers may be anything.
    static func sum(_ a: UInt64, _ b: UInt64) throws(ELFError) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow else { throw .malformed("an address or size beyond 64 bits") }
        return sum
    }
}

/// The bytes of one record or table, and the little-endian integers in it.
struct ELFRecord: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The integer at `offset`.
    func integer<Integer: FixedWidthInteger & UnsignedInteger>(
        at offset: Int, as type: Integer.Type = Integer.self
    ) throws(ELFError) -> Integer {
        let size = MemoryLayout<Integer>.size
        guard offset >= 0, offset <= bytes.count, bytes.count - offset >= size else {
            throw .malformed("a record of \(bytes.count) bytes has no \(size) bytes at \(offset)")
        }
        var value: Integer = 0
        for byte in bytes[offset..<offset + size].reversed() { value = value << 8 | Integer(byte) }
        return value
    }
}
