/// The functions of a program or library by their addresses: what a crash's addresses mean to people.
///
/// From the table of all symbols where it has not been stripped, else from that of the dynamic linker.
public struct FunctionTable: Sendable {
    private struct Function {
        let address: UInt64
        let size: UInt64
        let name: UInt32
    }

    private let file: FileBytes
    private let names: ELFImage.Section
    /// By address.
    private let functions: [Function]

    /// Longer names are cut off.
    private static let longestName = 4096

    /// Throws if the file is not a program or library of this machine, or has no such table.
    public init(path: String) throws {
        let file = try FileBytes(path: path)
        let sections = try ELFImage.sections(ELFHeader(file).sections, in: file)
        guard
            let table = sections.first(where: { $0.type == ELF.symbolTable })
                ?? sections.first(where: { $0.type == ELF.dynamicSymbolTable }),
            Int(table.link) < sections.count
        else { throw ELFError.malformed("it has no table of symbols") }
        self.file = file
        names = sections[Int(table.link)]
        functions = try Self.functions(of: table, in: file)
    }

    private static func functions(of table: ELFImage.Section, in file: FileBytes) throws -> [Function] {
        var functions: [Function] = []
        let piece = FileBytes.largestRead / ELF.symbolSize * ELF.symbolSize
        var offset: UInt64 = 0
        while offset < table.size {
            let count = Int(min(table.size - offset, UInt64(piece)))
            let bytes = try file.read(at: try ELF.sum(table.offset, offset), count: count)
            bytes.withUnsafeBytes { bytes in
                for start in stride(from: 0, through: count - ELF.symbolSize, by: ELF.symbolSize) {
                    let type = bytes[start + 4] & 0xf
                    let section = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 6, as: UInt16.self))
                    guard type == ELF.function, section != ELF.undefinedSection else { continue }
                    functions.append(
                        Function(
                            address: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)),
                            size: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 16, as: UInt64.self)),
                            name: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))))
                }
            }
            offset += UInt64(count)
        }
        return functions.sorted { $0.address < $1.address }
    }

    /// The function that an address is in, as the linker knows it; nil: none.
    /// - Parameter address: counted from where the file is loaded.
    public func function(at address: UInt64) -> String? {
        var low = 0
        var high = functions.count
        while low < high {
            let middle = (low + high) / 2
            if functions[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let function = functions[low - 1]
        // Written in assembly, it may have no size.
        guard function.size == 0 || address - function.address < function.size else { return nil }
        return name(at: UInt64(function.name))
    }

    private func name(at offset: UInt64) -> String? {
        guard offset < names.size, let start = try? ELF.sum(names.offset, offset) else { return nil }
        let count = Int(min(names.size - offset, UInt64(Self.longestName)))
        guard let bytes = try? file.read(at: start, count: count) else { return nil }
        let name = bytes.prefix { $0 != 0 }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }
}
