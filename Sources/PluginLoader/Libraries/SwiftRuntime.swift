/// Where a plugin's Swift runtime comes from.
///
/// The file's list of libraries decides, not what the stamp says. A plugin that needs no `libswift….so` brings its
/// runtime along, or is not written in Swift: any toolchain will do. One that needs them must have been compiled by
/// the toolchain of the `libswiftCore.so` that it would get here, since Swift has no stable ABI on Linux.
public enum SwiftRuntime: Hashable, Sendable {
    /// In the plugin itself, if it needs one.
    case own
    /// Of this `libswiftCore.so`.
    case shared(library: String)

    static let core = "libswiftCore.so"

    /// The runtime that the plugin would get if it were loaded now.
    ///
    /// Compares the toolchains' fingerprints. Where the plugin or the library has none (`.comment` removed, or a
    /// distribution's own compiler), the stamp's toolchain must be the one that the host was built with: weaker, since
    /// the stamp is the plugin's word, and the library need not be of the host's toolchain.
    init(
        of image: ELFImage, stamp: Stamp, in file: PluginFile, host: BuildVersions, reader: LibraryReader
    ) throws(LoadError) {
        guard Self.isNeeded(by: image) else {
            self = .own
            return
        }
        let buildSelfContained =
            "build \(file.name) with its own runtime: ./build.sh plugin DIR, where DIR is its folder (-static-stdlib without build.sh)"
        guard let library = Self.findCore(for: image, at: file.path, reader: reader) else {
            throw file.refusal(
                .swiftRuntime, "it needs a shared Swift runtime, and there is no \(Self.core) here",
                plugin: "needs \(Self.core)", host: "none loaded, in the plugin's RUNPATH, or in the system's directories",
                fix: buildSelfContained)
        }

        let plugins: Set<ToolchainFingerprint>
        do {
            plugins = try ToolchainFingerprint.all(in: image)
        } catch {
            throw file.refusal(error)
        }
        // A library that cannot be read has no fingerprint to show.
        let librarys = (try? ToolchainFingerprint.all(in: ELFImage(FileBytes(path: library)))) ?? []

        let areEqual =
            plugins.isEmpty || librarys.isEmpty
            ? !stamp.versions.toolchain.isEmpty && stamp.versions.toolchain == host.toolchain
            : plugins.isSubset(of: librarys)
        guard areEqual else {
            throw file.refusal(
                .swiftRuntime, LoadError.differentVersion(ofPackage: "Swift"),
                plugin: "\(stamp.versions)\(Self.list(plugins))",
                host:
                    "\(host), and its Swift runtime \(library)\(librarys.isEmpty ? " of unknown toolchain" : Self.list(librarys))",
                fix: buildSelfContained)
        }
        self = .shared(library: library)
    }

    /// Whether a library is one for a shared runtime.
    static func isNeeded(by image: ELFImage) -> Bool {
        image.dynamic.needed.contains { $0.hasPrefix("libswift") && $0.hasSuffix(".so") }
    }

    /// The file of the `libswiftCore.so` that the dynamic linker would take.
    static func findCore(for image: ELFImage, at path: String, reader: LibraryReader) -> String? {
        switch LibrarySearch(for: image.dynamic, of: path, reader: reader).find(core) {
        case .loaded: reader.loaded(as: core)?.mappedFile ?? core
        case .file(let path, _): path
        case .unusable, nil: nil
        }
    }

    private static func list(_ fingerprints: Set<ToolchainFingerprint>) -> String {
        fingerprints.sorted { $0.commit < $1.commit }.map { ", \($0)" }.joined()
    }
}
