import Synchronization

/// What the files of libraries say, each read once for all plugins of a directory; and what is loaded already.
///
/// Nothing is loaded, and no file stays open. What it has read does not change: make a new one for each look.
final class LibraryReader: Sendable {
    /// A library as far as others that need it go.
    struct Library: Sendable {
        let dynamic: ELFDynamic
        /// The symbol versions that it defines; `nil` if it has none.
        let versions: Set<String>?
        let needs: [ELFVersionNeed]
        /// Whose it is and who may write to it.
        let status: FileStatus
    }

    /// What the dynamic linker would make of a file on its way.
    enum Reading: Sendable {
        case library(Library)
        /// It goes on to the next place.
        case passedOver
        /// It stops here: with an error, or waiting for ever.
        case stop(reason: String)
    }

    /// The libraries of this process.
    let loaded = LoadedLibrary.all()
    private let readings = Mutex<[String: Reading]>([:])
    private let cache = Mutex<LinkerCache?>(nil)

    func loaded(as name: String) -> LoadedLibrary? { loaded.first { $0.answers(to: name) } }

    /// The file that the system's cache names.
    func cached(_ library: String) -> String? {
        cache.withLock { cache in
            let filled = cache ?? LinkerCache()
            cache = filled
            return filled.path(of: library)
        }
    }

    func read(_ path: String) -> Reading {
        if let reading = readings.withLock({ $0[path] }) { return reading }
        let reading = Self.read(path)
        readings.withLock { $0[path] = reading }
        return reading
    }

    /// As `open_verify` of glibc's `elf/dl-load.c` judges a file, except that a FIFO is not opened.
    private static func read(_ path: String) -> Reading {
        let file: FileBytes
        do {
            file = try FileBytes(path: path)
        } catch {
            if case .notAFile(let kind) = error { return .stop(reason: "\(kind)") }
            return .passedOver
        }
        do {
            _ = try ELFHeader(file)
        } catch {
            if case .wrongMachine = error { return .passedOver }
            return .stop(reason: error.found)
        }
        do {
            let image = try ELFImage(file)
            return .library(
                Library(
                    dynamic: image.dynamic, versions: try image.definedVersions(), needs: try image.neededVersions(),
                    status: file.status))
        } catch {
            // Damaged, as far as this reader can tell: it is stricter than the dynamic linker, but a library that it
            // cannot read is one of which nothing can be said.
            return .stop(reason: error.found)
        }
    }
}
