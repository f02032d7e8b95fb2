/// `/etc/ld.so.cache`: where `ldconfig` found the system's libraries.
///
/// Format: glibc's `sysdeps/generic/dl-cache.h`. A file either begins with the new table, or, up to glibc 2.31, with an
/// old one before it. Offsets of strings count from the beginning of the new table. Entries for special processors
/// (glibc-hwcaps) are passed over: they are other builds of libraries that are there plainly too.
struct LinkerCache: Sendable {
    private let paths: [String: String]

    private static let oldMagic = Array("ld.so-1.7.0\0".utf8)
    private static let newMagic = Array("glibc-ld.so.cache1.1".utf8)
    private static let headerSize = 48  // struct cache_file_new
    private static let entrySize = 24  // struct file_entry_new
    private static let mostEntries = 100_000

    #if arch(x86_64)
        private static let flags: UInt32 = 0x0303  // FLAG_X8664_LIB64 | FLAG_ELF_LIBC6
    #elseif arch(arm64)
        private static let flags: UInt32 = 0x0a03  // FLAG_AARCH64_LIB64 | FLAG_ELF_LIBC6
    #endif

    /// Empty if there is no cache, as on musl, or if it makes no sense.
    init(path: String = "/etc/ld.so.cache") {
        guard let file = try? FileBytes(path: path),
            let bytes = try? file.read(at: 0, count: Int(clamping: file.size)),
            let paths = try? Self.paths(bytes)
        else {
            self.paths = [:]
            return
        }
        self.paths = paths
    }

    func path(of library: String) -> String? { paths[library] }

    private static func paths(_ bytes: [UInt8]) throws(ELFError) -> [String: String] {
        let table = try start(bytes)
        let cache = ELFRecord(Array(bytes[table...]))
        let count: UInt32 = try cache.integer(at: 20)
        var paths: [String: String] = [:]
        for index in 0..<min(Int(count), mostEntries) {
            let entry = headerSize + index * entrySize
            let hardware: UInt64 = try cache.integer(at: entry + 16)
            guard try cache.integer(at: entry) == flags, hardware == 0 else { continue }
            let name = string(cache.bytes, at: try cache.integer(at: entry + 4))
            guard paths[name] == nil else { continue }
            paths[name] = string(cache.bytes, at: try cache.integer(at: entry + 8))
        }
        return paths
    }

    private static func start(_ bytes: [UInt8]) throws(ELFError) -> Int {
        if bytes.starts(with: newMagic) { return 0 }
        guard bytes.starts(with: oldMagic) else { throw .malformed("no cache of ldconfig") }
        let count: UInt32 = try ELFRecord(bytes).integer(at: 12)
        let table = (16 + Int(count) * 12 + 7) / 8 * 8
        guard table < bytes.count, bytes[table...].starts(with: newMagic) else { throw .malformed("no cache of ldconfig") }
        return table
    }

    private static func string(_ bytes: [UInt8], at offset: UInt32) -> String {
        guard Int(offset) < bytes.count else { return "" }
        return String(decoding: bytes[Int(offset)...].prefix { $0 != 0 }, as: UTF8.self)
    }
}
