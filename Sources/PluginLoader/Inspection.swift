/// Everything that is known of one file without running it, for `check --json` and `inspect`.
///
/// Of a refused file there is what could be read of it: what is `nil` is not known, and has no key in JSON. Texts that
/// come from the file are printable; the path is as it was given. Sizes are bytes, times seconds since 1970.
public struct Inspection: Codable, Hashable, Sendable {
    /// What `stat` says, and the SHA-256 of what is in it.
    public struct File: Codable, Hashable, Sendable {
        /// "a file", "a directory", "a FIFO", …
        public let kind: String
        public let size: UInt64
        /// As `chmod` takes it: "0755".
        public let mode: String
        /// Of a user and a group, by number.
        public let owner: UInt32
        public let group: UInt32
        public let modified: Int64
        /// Where it points, if it is a symbolic link. The rest is said of the file at its end.
        public let linkTarget: String?
        public let sha256: String?

        enum CodingKeys: String, CodingKey {
            case kind, size, mode, owner, group, modified, sha256
            case linkTarget = "link_target"
        }
    }

    /// What the ELF header says.
    public struct Format: Codable, Hashable, Sendable {
        /// "64-bit", "32-bit".
        public let wordSize: String
        /// "little-endian", "big-endian".
        public let byteOrder: String
        public let machine: String
        /// "a shared library", "a program", …
        public let type: String

        enum CodingKeys: String, CodingKey {
            case machine, type
            case wordSize = "word_size"
            case byteOrder = "byte_order"
        }
    }

    /// What the plugin says of itself.
    public struct Stamp: Codable, Hashable, Sendable {
        public let abi: String
        /// Empty for a plugin without KongPDK.
        public let pdk: String
        public let language: String
        public let toolchain: String
        /// "self-contained", "shared", "unstated": what the plugin says, which is not believed.
        public let statedRuntime: String

        enum CodingKeys: String, CodingKey {
            case abi, pdk, language, toolchain
            case statedRuntime = "stated_runtime"
        }
    }

    /// Where its Swift runtime comes from.
    public struct Runtime: Codable, Hashable, Sendable {
        /// "own" (also where it needs none) or "shared".
        public let kind: String
        /// The `libswiftCore.so` that a shared one would be.
        public let library: String?
    }

    /// A library that it needs, or that one of those needs.
    public struct Library: Codable, Hashable, Sendable {
        public let name: String
        public let neededBy: String
        public let path: String?
        /// "loaded" in this process, "found", "missing" or "unusable".
        public let state: String
        /// Why it is unusable.
        public let reason: String?

        enum CodingKeys: String, CodingKey {
            case name, path, state, reason
            case neededBy = "needed_by"
        }
    }

    /// The highest symbol version of one family that it needs of a library, and that the library has here.
    public struct SymbolVersions: Codable, Hashable, Sendable {
        public let library: String
        /// As "GLIBC".
        public let family: String
        /// As "2.34".
        public let needed: String
        public let present: String?
    }

    /// One of the two symbols that a plugin exports.
    public struct Symbol: Codable, Hashable, Sendable {
        public let name: String
        /// "a function", "data", "not exported", …; `nil` if there is none of this name.
        public let kind: String?
    }

    /// Whether it was taken.
    public struct Verdict: Codable, Hashable, Sendable {
        /// "ok", or a code of `LoadError.Code`.
        public let code: String
        public let message: String?
        public let found: String?
        public let wanted: String?
        public let fix: String?

        public var isOK: Bool { code == Self.ok }
        static let ok = "ok"
    }

    public let path: String
    /// The plugin's; `nil` if the file's name is no plugin's.
    public let name: String?
    public let verdict: Verdict
    /// What `--allow-insecure-plugins` has let pass.
    public let warnings: [String]
    public let file: File?
    public let format: Format?
    public let soname: String?
    public let buildID: String?
    public let stamp: Stamp?
    /// The compilers that left a commit of Swift's LLVM in `.comment`.
    public let compilers: [String]?
    public let runtime: Runtime?
    public let libraries: [Library]?
    public let symbolVersions: [SymbolVersions]?
    public let symbols: [Symbol]?

    enum CodingKeys: String, CodingKey {
        case path, name, verdict, warnings, file, format, soname, stamp, compilers, runtime, libraries, symbols
        case buildID = "build_id"
        case symbolVersions = "symbol_versions"
    }
}
