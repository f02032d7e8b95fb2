/// A symbol version that a library needs of another one: DT_VERNEED.
struct ELFVersionNeed: Hashable, Sendable {
    /// The library that must define it, as in DT_NEEDED.
    let library: String
    /// As "GLIBC_2.34".
    let version: String
    /// VER_FLG_WEAK: the dynamic linker does not insist on it.
    let isWeak: Bool
}

/// Symbol versions, as the dynamic linker compares them (glibc, `elf/dl-version.c`): a version that is needed must be
/// among those that the library defines. What it is called means nothing to it.
///
/// Layout: "Symbol Versioning" of the Linux Standard Base. The tables are lists; each entry says how far it is to the
/// next one, and 0 ends the list. Distances only go forward, and what is read is limited, so each list ends.
extension ELFImage {
    /// In all entries of a table. libc and libstdc++ have less than a hundred.
    private static let mostVersions = 8192

    /// What the library needs, in the order of the file; empty if it asks for no versions.
    func neededVersions() throws(ELFError) -> [ELFVersionNeed] {
        guard var place = dynamic.versionNeeds else { return [] }
        var needs: [ELFVersionNeed] = []
        for _ in 0..<Self.mostVersions {
            let entry = try record(at: place, count: ELF.versionNeedSize)
            let library = try string(at: try entry.integer(at: 4))
            let count: UInt16 = try entry.integer(at: 2)
            var namePlace = try ELF.sum(place, UInt64(try entry.integer(at: 8, as: UInt32.self)))
            for _ in 0..<count {
                guard needs.count < Self.mostVersions else { throw .malformed("it needs more than \(needs.count) symbol versions") }
                let name = try record(at: namePlace, count: ELF.versionNeedSize)
                needs.append(
                    ELFVersionNeed(
                        library: library, version: try string(at: try name.integer(at: 8)),
                        isWeak: try name.integer(at: 4, as: UInt16.self) & 2 != 0))
                guard let next = try Self.next(after: namePlace, name.integer(at: 12)) else { break }
                namePlace = next
            }
            guard let next = try Self.next(after: place, entry.integer(at: 12)) else { return needs }
            place = next
        }
        throw .malformed("a table of needed versions without an end")
    }

    /// What the library defines; `nil` if its symbols have no versions. Then the dynamic linker asks for none.
    func definedVersions() throws(ELFError) -> Set<String>? {
        guard var place = dynamic.versionDefinitions else { return nil }
        var versions: Set<String> = []
        for _ in 0..<Self.mostVersions {
            let entry = try record(at: place, count: ELF.versionDefinitionSize)
            // The first name is the version's own; those after it are versions that it comes after.
            let namePlace = try ELF.sum(place, UInt64(try entry.integer(at: 12, as: UInt32.self)))
            versions.insert(try string(at: try record(at: namePlace, count: ELF.versionNameSize).integer(at: 0)))
            guard let next = try Self.next(after: place, entry.integer(at: 16)) else { return versions }
            place = next
        }
        throw .malformed("a table of defined versions without an end")
    }

    private static func next(after place: UInt64, _ distance: UInt32) throws(ELFError) -> UInt64? {
        distance == 0 ? nil : try ELF.sum(place, UInt64(distance))
    }
}
