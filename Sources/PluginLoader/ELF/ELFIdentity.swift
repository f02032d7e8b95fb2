/// What the first 20 bytes of an ELF file say of it, whatever machine it is for (`e_ident`, `e_type`, `e_machine`).
struct ELFIdentity: Hashable, Sendable {
    let wordSize: UInt8
    let byteOrder: UInt8
    let version: UInt8
    let system: UInt8
    let type: UInt16
    let machine: UInt16

    static let size = 20

    /// `nil` if these bytes do not begin as an ELF file does, or end before all is said.
    init?(_ start: [UInt8]) {
        guard start.count >= Self.size, start.starts(with: ELF.magic) else { return nil }
        wordSize = start[4]
        byteOrder = start[5]
        version = start[6]
        system = start[7]
        let isBigEndian = start[5] == ELF.bigEndian
        func half(_ index: Int) -> UInt16 {
            let bytes = (UInt16(start[index]), UInt16(start[index + 1]))
            return isBigEndian ? bytes.0 << 8 | bytes.1 : bytes.1 << 8 | bytes.0
        }
        type = half(16)
        machine = half(18)
    }

    var isForHost: Bool {
        wordSize == ELF.class64 && byteOrder == ELF.littleEndian && machine == ELF.hostMachine && ELF.systems.contains(system)
    }

    // MARK: In words

    var wordSizeName: String {
        switch wordSize {
        case 1: "32-bit"
        case ELF.class64: "64-bit"
        default: "class \(wordSize)"
        }
    }

    var byteOrderName: String {
        switch byteOrder {
        case ELF.littleEndian: "little-endian"
        case ELF.bigEndian: "big-endian"
        default: "byte order \(byteOrder)"
        }
    }

    var machineName: String { ELF.machineName(machine) }

    /// As "64-bit big-endian PowerPC64".
    var machineDescription: String {
        var text = wordSizeName
        if byteOrder != ELF.littleEndian { text += " \(byteOrderName)" }
        text += " \(machineName)"
        if !ELF.systems.contains(system) { text += ", operating system \(system)" }
        return text
    }

    var typeName: String {
        switch type {
        case 1: "an object file (.o)"
        case 2: "a program"
        case ELF.sharedObject: "a shared library"
        case 4: "a core dump"
        default: "an ELF file of type \(type)"
        }
    }
}
