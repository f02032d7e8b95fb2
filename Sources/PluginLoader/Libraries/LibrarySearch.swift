// Unsafe pointers: none but the C string of an environment variable, copied at once.

import Glibc

/// Where the dynamic linker would find a library that a plugin needs.
///
/// In the order of `ld.so(8)`: what is loaded already, DT_RPATH (only without DT_RUNPATH; then also that of whoever
/// needs the one that needs it), LD_LIBRARY_PATH, DT_RUNPATH, the cache of ldconfig, the default directories. A file that
/// is not for this machine is passed over, as the dynamic linker does. Not followed: the RPATH of the host's own
/// program, builds for special processors (glibc-hwcaps), and `$LIB` and `$PLATFORM`.
struct LibrarySearch: Sendable {
    /// Where one was found.
    enum Place: Hashable, Sendable {
        /// In this process.
        case loaded
        case file(path: String, origin: Bool)
        /// Where the dynamic linker would stop with an error, or wait for ever.
        case unusable(path: String, reason: String)
    }

    private struct Directory: Sendable {
        let path: String
        /// Whether `$ORIGIN`, the directory of the plugin, was in it.
        var usesOrigin = false
    }

    private let reader: LibraryReader
    /// DT_RPATH of this library, and of those through which it is needed.
    private let rpath: [Directory]
    private let beforeCache: [Directory]

    private static let defaultDirectories = [
        "/lib/\(processor)-linux-gnu", "/usr/lib/\(processor)-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]
    #if arch(x86_64)
        private static let processor = "x86_64"
    #elseif arch(arm64)
        private static let processor = "aarch64"
    #endif

    /// For the libraries that the library at `path` needs.
    /// - Parameter parent: the search that found this library, if it is not the plugin itself.
    init(
        for dynamic: ELFDynamic, of path: String, parent: LibrarySearch? = nil, reader: LibraryReader = LibraryReader(),
        environment: String? = Self.libraryPath
    ) {
        self.reader = reader
        let origin = path.directoryPath
        func directories(_ entries: [String]?) -> [Directory] {
            (entries ?? []).map { entry in
                let path = entry.replacing("${ORIGIN}", with: origin).replacing("$ORIGIN", with: origin)
                return Directory(path: path, usesOrigin: path != entry)
            }
        }
        let set = (environment ?? "").split { $0 == ":" || $0 == ";" }.map { Directory(path: String($0)) }
        rpath = directories(dynamic.runpath == nil ? dynamic.rpath : nil) + (parent?.rpath ?? [])
        beforeCache = (dynamic.runpath == nil ? rpath : []) + set + directories(dynamic.runpath)
    }

    /// `nil` if the dynamic linker would find none.
    func find(_ library: String) -> Place? {
        if reader.loaded(as: library) != nil { return .loaded }
        if library.contains("/") { return place(library) }
        for directory in beforeCache {
            if let place = place("\(directory.path)/\(library)", origin: directory.usesOrigin) { return place }
        }
        if let path = reader.cached(library), let place = place(path) { return place }
        for directory in Self.defaultDirectories {
            if let place = place("\(directory)/\(library)") { return place }
        }
        return nil
    }

    private func place(_ path: String, origin: Bool = false) -> Place? {
        switch reader.read(path) {
        case .library: .file(path: path, origin: origin)
        case .passedOver: nil
        case .stop(let reason): .unusable(path: path, reason: reason)
        }
    }

    static var libraryPath: String? { getenv("LD_LIBRARY_PATH").map { String(cString: $0) } }
}
