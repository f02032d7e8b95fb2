/// The name of a symbol version that counts up, as "GLIBC_2.34", "GLIBCXX_3.4.30" and "CXXABI_1.3.13" do.
struct SymbolVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What is counted: "GLIBC".
    let family: String
    let numbers: [Int]

    /// `nil` for a name that does not count, such as "GLIBC_PRIVATE" or "GLIBC_ABI_DT_RELR".
    init?(_ name: String) {
        guard let separator = name.lastIndex(of: "_") else { return nil }
        let parts = name[name.index(after: separator)...].split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(part) : nil
        }
        guard separator != name.startIndex, numbers.count == parts.count else { return nil }
        family = String(name[..<separator])
        self.numbers = numbers
    }

    /// As "2.34".
    var number: String { numbers.map(String.init).joined(separator: ".") }
    var description: String { "\(family)_\(number)" }

    static func < (a: SymbolVersion, b: SymbolVersion) -> Bool {
        a.family == b.family ? a.numbers.lexicographicallyPrecedes(b.numbers) : a.family < b.family
    }

    /// The highest of each family.
    static func highest(of names: some Sequence<String>) -> [String: SymbolVersion] {
        var highest: [String: SymbolVersion] = [:]
        for version in names.compactMap(SymbolVersion.init) {
            highest[version.family] = highest[version.family].map { max($0, version) } ?? version
        }
        return highest
    }
}
