/// An entry of the dynamic symbol table (Elf64_Sym).
public struct ELFSymbol: Sendable {
    /// Where it is, counted from where the library is loaded.
    let address: UInt64
    private let info: UInt8
    private let section: UInt16

    /// Whether `dlsym` finds it in this library: defined, and visible from outside.
    var isExported: Bool {
        section != ELF.undefinedSection && address != 0 && ELF.exportedBindings.contains(info >> 4)
    }
    var isFunction: Bool { isExported && info & 0xf == ELF.function }
    var isObject: Bool { isExported && info & 0xf == ELF.object }

    /// What it is, for messages.
    var kind: String {
        if section == ELF.undefinedSection { return "not defined" }
        if !isExported { return "not exported" }
        switch info & 0xf {
        case ELF.object: return "data"
        case ELF.function: return "a function"
        default: return "a symbol of type \(info & 0xf)"
        }
    }

    fileprivate init(_ record: ELFRecord) throws(ELFError) {
        info = try record.integer(at: 4)
        section = try record.integer(at: 6)
        address = try record.integer(at: 8)
    }
}

extension ELFImage {
    /// The longest chain of a hash bucket that is followed: one may go in a circle. Linkers aim at fewer than ten.
    private static let longestChain = 4096

    /// Looks a symbol up as `dlsym` would, through the hash table: DT_GNU_HASH, or where there is none, DT_HASH.
    func symbol(named name: String) throws(ELFError) -> ELFSymbol? {
        if let table = dynamic.gnuHash { return try symbol(named: name, inGNUHash: table) }
        if let table = dynamic.hash { return try symbol(named: name, inHash: table) }
        return nil
    }

    /// The table: nbuckets, symoffset, bloom_size, bloom_shift, then a Bloom filter of 64-bit words, the buckets, and
    /// for each symbol from symoffset on its hash, the lowest bit set at a bucket's end.
    private func symbol(named name: String, inGNUHash table: UInt64) throws(ELFError) -> ELFSymbol? {
        let header = try record(at: table, count: 16)
        let bucketCount: UInt32 = try header.integer(at: 0)
        let firstSymbol: UInt32 = try header.integer(at: 4)
        let filterSize: UInt32 = try header.integer(at: 8)
        guard bucketCount > 0 else { return nil }

        let hash = name.utf8.reduce(5381 as UInt32) { $0 &* 33 &+ UInt32($1) }
        let buckets = try ELF.sum(table, 16 + UInt64(filterSize) * 8)
        let chains = try ELF.sum(buckets, UInt64(bucketCount) * 4)
        var index: UInt32 = try word(hash % bucketCount, of: buckets)
        guard index >= firstSymbol, index != 0 else { return nil }

        for _ in 0..<Self.longestChain {
            let entry = try word(index - firstSymbol, of: chains)
            if entry | 1 == hash | 1, let symbol = try symbol(index, ifNamed: name) { return symbol }
            if entry & 1 == 1 { return nil }
            guard index < .max else { break }
            index += 1
        }
        throw .malformed("a symbol hash table without an end")
    }

    /// The table: nbucket, nchain, the buckets, and for each symbol the next one of its bucket; 0 ends it.
    private func symbol(named name: String, inHash table: UInt64) throws(ELFError) -> ELFSymbol? {
        let header = try record(at: table, count: 8)
        let bucketCount: UInt32 = try header.integer(at: 0)
        guard bucketCount > 0 else { return nil }

        var hash: UInt32 = 0
        for byte in name.utf8 {
            hash = hash << 4 &+ UInt32(byte)
            let high = hash & 0xf000_0000
            hash = (hash ^ high >> 24) & ~high
        }
        let buckets = try ELF.sum(table, 8)
        let chains = try ELF.sum(buckets, UInt64(bucketCount) * 4)
        var index: UInt32 = try word(hash % bucketCount, of: buckets)
        for _ in 0..<Self.longestChain {
            guard index != 0 else { return nil }
            if let symbol = try symbol(index, ifNamed: name) { return symbol }
            index = try word(index, of: chains)
        }
        throw .malformed("a symbol hash table without an end")
    }

    private func word(_ index: UInt32, of table: UInt64) throws(ELFError) -> UInt32 {
        try record(at: try ELF.sum(table, UInt64(index) * 4), count: 4).integer(at: 0)
    }

    private func symbol(_ index: UInt32, ifNamed name: String) throws(ELFError) -> ELFSymbol? {
        let entry = try record(at: try ELF.sum(dynamic.symbols, UInt64(index) * UInt64(ELF.symbolSize)), count: ELF.symbolSize)
        let nameOffset: UInt32 = try entry.integer(at: 0)
        let wanted = Array(name.utf8) + [0]
        guard UInt64(nameOffset) < dynamic.stringsSize, dynamic.stringsSize - UInt64(nameOffset) >= UInt64(wanted.count) else {
            return nil
        }
        guard try bytes(at: try ELF.sum(dynamic.strings, UInt64(nameOffset)), count: wanted.count) == wanted else { return nil }
        return try ELFSymbol(entry)
    }
}
