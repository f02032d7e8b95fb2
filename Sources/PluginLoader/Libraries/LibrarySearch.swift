// Unsafe pointers: none but the C string of an environment variable, copied at once.

import Glibc

/// Where the dynamic linker would find a library that a plugin needs.
///
/// In the order of `ld.so(8)`: what is loaded already, DT_RPATH (only without DT_RUNPATH), LD_LIBRARY_PATH,
/// DT_RUNPATH, the cache of ldconfig, the default directories. A file that is not for this machine is passed over, as
/// the dynamic linker does. Not followed: the RPATH of the host's own program, builds for special processors
/// (glibc-hwcaps), and `$LIB` and `$PLATFORM`.
struct LibrarySearch: Sendable {
    /// Where one was found.
    enum Place: Hashable, Sendable {
        /// In this process.
        case loaded
        case file(path: String, origin: Bool)
    }

    private struct Directory {
        let path: String
        /// Whether `$ORIGIN`, the directory of the plugin, was in it.
        var usesOrigin = false
    }

    private let beforeCache: [Directory]

    private static let defaultDirectories = [
        "/lib/\(processor)-linux-gnu", "/usr/lib/\(processor)-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]
    #if arch(x86_64)
        private static let processor = "x86_64"
    #elseif arch(arm64)
        private static let processor = "aarch64"
    #endif

    /// For the libraries of the plugin at `path`.
    init(for dynamic: ELFDynamic, of path: String, environment: String? = Self.libraryPath) {
        let origin = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        func directories(_ entries: [String]?) -> [Directory] {
            (entries ?? []).map { entry in
                let path = entry.replacing("${ORIGIN}", with: origin).replacing("$ORIGIN", with: origin)
                return Directory(path: path, usesOrigin: path != entry)
            }
        }
        let set = (environment ?? "").split { $0 == ":" || $0 == ";" }.map { Directory(path: String($0)) }
        beforeCache = directories(dynamic.runpath == nil ? dynamic.rpath : nil) + set + directories(dynamic.runpath)
    }

    /// `nil` if the dynamic linker would find none.
    func find(_ library: String) -> Place? {
        if LoadedLibrary.isLoaded(library) { return .loaded }
        if library.contains("/") { return Self.isLibrary(library) ? .file(path: library, origin: false) : nil }
        for directory in beforeCache {
            let path = "\(directory.path)/\(library)"
            if Self.isLibrary(path) { return .file(path: path, origin: directory.usesOrigin) }
        }
        // Read anew each time: ldconfig may have run.
        if let path = LinkerCache().path(of: library), Self.isLibrary(path) { return .file(path: path, origin: false) }
        return Self.defaultDirectories.map { "\($0)/\(library)" }.first(where: Self.isLibrary).map {
            .file(path: $0, origin: false)
        }
    }

    /// Whether the dynamic linker would take this file, or stop at it with an error.
    private static func isLibrary(_ path: String) -> Bool {
        guard let file = try? FileBytes(path: path) else { return false }
        do {
            _ = try ELFHeader(file)
            return true
        } catch .wrongMachine {
            return false
        } catch {
            return true
        }
    }

    static var libraryPath: String? { getenv("LD_LIBRARY_PATH").map { String(cString: $0) } }
}
