/// The libraries that a plugin needs, and those that these need: what the dynamic linker would find, before anything is
/// loaded.
///
/// In the dynamic linker's order, breadth first; a library that two others need is there once (glibc, `elf/dl-deps.c`).
struct NeededLibraries: Sendable {
    enum Place: Hashable, Sendable {
        /// In this process already, from this path.
        case loaded(path: String)
        case file(path: String)
        case missing
        /// A file that is no library is in the way.
        case unusable(path: String, reason: String)

        var path: String? {
            switch self {
            case .loaded(let path), .file(let path), .unusable(let path, _): path
            case .missing: nil
            }
        }
    }

    struct Library: Hashable, Sendable {
        /// As in DT_NEEDED.
        let name: String
        /// Who needs it first: the path of a library, or of the plugin.
        let neededBy: String
        let place: Place
    }

    /// A version that a library does not define, though another one needs it.
    struct MissingVersion: Hashable, Sendable {
        let need: ELFVersionNeed
        let neededBy: String
        /// The library that should define it, and what it has of the same family at most.
        let path: String
        let highest: SymbolVersion?
    }

    let libraries: [Library]
    let missingVersions: [MissingVersion]
    private let reader: LibraryReader

    /// A program has some ten; with all of a desktop, some hundred.
    private static let most = 1024

    /// - Parameter needs: the symbol versions that the plugin itself needs.
    init(of image: ELFImage, needs: [ELFVersionNeed], at path: String, reader: LibraryReader) {
        struct Needing {
            let search: LibrarySearch
            let path: String
            let dynamic: ELFDynamic
            let needs: [ELFVersionNeed]
        }
        var libraries: [Library] = []
        var places: [String: Place] = [:]
        var queue = [
            Needing(
                search: LibrarySearch(for: image.dynamic, of: path, reader: reader), path: path, dynamic: image.dynamic,
                needs: needs)
        ]
        var index = 0
        while index < queue.count {
            let needing = queue[index]
            index += 1
            for name in needing.dynamic.needed where places[name] == nil && libraries.count < Self.most {
                let place: Place =
                    switch needing.search.find(name) {
                    case .loaded: .loaded(path: reader.loaded(as: name)?.path ?? name)
                    case .file(let path, _): .file(path: path)
                    case .unusable(let path, let reason): .unusable(path: path, reason: reason)
                    case nil: .missing
                    }
                places[name] = place
                libraries.append(Library(name: name, neededBy: needing.path, place: place))
                guard let path = place.path, case .library(let library) = reader.read(path) else { continue }
                // Found again by its own name, whatever it was asked for by.
                if let soname = library.dynamic.soname, places[soname] == nil { places[soname] = place }
                // What is loaded has been found fit by the dynamic linker itself; its list is read for completeness.
                var needs = library.needs
                if case .loaded = place { needs = [] }
                queue.append(
                    Needing(
                        search: LibrarySearch(for: library.dynamic, of: path, parent: needing.search, reader: reader),
                        path: path, dynamic: library.dynamic, needs: needs))
            }
        }
        self.libraries = libraries
        self.reader = reader
        missingVersions = queue.flatMap { needing in
            needing.needs.compactMap { Self.missing($0, by: needing.path, places, reader) }
        }
    }

    /// The highest version of each family that the library of this name defines here.
    func highestDefined(by name: String) -> [String: SymbolVersion] {
        guard let path = libraries.first(where: { $0.name == name })?.place.path, case .library(let library) = reader.read(path)
        else { return [:] }
        return SymbolVersion.highest(of: library.versions ?? [])
    }

    /// How others could change one of the libraries that are not loaded yet, if they could.
    func exposure(to user: UInt32) -> (library: Library, exposure: Exposure)? {
        for library in libraries {
            guard case .file(let path) = library.place, case .library(let read) = reader.read(path) else { continue }
            if let exposure = Exposure(read.status, at: path, user: user) { return (library, exposure) }
            let directory = path.directoryPath
            if let status = FileStatus(path: directory), let exposure = Exposure(status, at: directory, user: user) {
                return (library, exposure)
            }
        }
        return nil
    }

    private static func missing(
        _ need: ELFVersionNeed, by path: String, _ places: [String: Place], _ reader: LibraryReader
    ) -> MissingVersion? {
        guard !need.isWeak, let place = places[need.library]?.path, case .library(let library) = reader.read(place),
            let versions = library.versions, !versions.contains(need.version)
        else { return nil }
        let highest = SymbolVersion(need.version).flatMap { SymbolVersion.highest(of: versions)[$0.family] }
        return MissingVersion(need: need, neededBy: path, path: place, highest: highest)
    }
}
