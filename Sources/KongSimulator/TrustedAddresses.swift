import Glibc

/// The addresses and blocks of `trusted_ips`.
struct TrustedAddresses: Hashable, Sendable {
    private struct Block: Hashable {
        let bytes: [UInt8]
        let bits: Int
    }

    private let blocks: [Block]

    /// Entries that are no addresses are passed over, as Kong does.
    init(_ entries: [String]) {
        blocks = entries.compactMap { entry in
            let parts = entry.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let bytes = Self.bytes(of: String(parts[0])) else { return nil }
            let bits = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
            guard let bits, (0...(bytes.count * 8)).contains(bits) else { return nil }
            return Block(bytes: bytes, bits: bits)
        }
    }

    /// Without any entry nothing is trusted; what is no address is not.
    func contains(_ address: String) -> Bool {
        guard let bytes = Self.bytes(of: address) else { return false }
        return blocks.contains { block in
            block.bytes.count == bytes.count
                && (0..<block.bits).allSatisfy { bit in
                    (block.bytes[bit / 8] ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
                }
        }
    }

    /// The 4 or 16 bytes of an address.
    static func bytes(of address: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, address, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
