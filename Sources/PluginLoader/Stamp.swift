import CKongPlugin

/// What a plugin says it was built with: `kong_stamp` of `kong_plugin.h`, read from the file.
///
/// The layout is that of the header; in all versions the size and the ABI's version come first.
///
///     0 size u32 | 4 major u16 | 6 minor u16 | 8 language u8 | 9 runtime u8 | 10 reserved | 16 PDK [32] | 48 toolchain [128]
public struct Stamp: Hashable, Sendable {
    /// `KONG_LANGUAGE_…`; a number of a newer ABI is kept as it is.
    public struct Language: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let other = Language(rawValue: 0)
        public static let c = Language(rawValue: 1)
        public static let cpp = Language(rawValue: 2)
        public static let swift = Language(rawValue: 3)
        public static let rust = Language(rawValue: 4)

        public var description: String {
            switch self {
            case .other: "other"
            case .c: "C"
            case .cpp: "C++"
            case .swift: "Swift"
            case .rust: "Rust"
            default: "language \(rawValue)"
            }
        }
    }

    /// `KONG_RUNTIME_…`: where the plugin says that its Swift runtime is. Not believed, see `SwiftRuntime`.
    public struct StatedRuntime: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let unstated = StatedRuntime(rawValue: 0)
        public static let selfContained = StatedRuntime(rawValue: 1)
        public static let shared = StatedRuntime(rawValue: 2)

        public var description: String {
            switch self {
            case .unstated: "unstated"
            case .selfContained: "self-contained"
            case .shared: "shared"
            default: "runtime \(rawValue)"
            }
        }
    }

    public let versions: BuildVersions
    public let language: Language
    public let statedRuntime: StatedRuntime

    /// What is wrong with a stamp.
    struct Malformed: Error {
        let reason: String
    }

    /// The size of a stamp of ABI 1.0; what a newer version appends is not read.
    static let size = 176

    /// Reads the description of a stamp's note.
    ///
    /// Of another major version only the first 8 bytes are sure; the rest is read as far as it makes sense, for the
    /// message that refuses it.
    init(_ description: [UInt8]) throws(Malformed) {
        let size: UInt32
        let abi: ABIVersion
        do throws(ELFError) {
            let record = ELFRecord(description)
            size = try record.integer(at: 0)
            abi = ABIVersion(major: try record.integer(at: 4), minor: try record.integer(at: 6))
        } catch {
            throw Malformed(reason: "the stamp has \(description.count) bytes, its beginning alone takes 8")
        }
        guard Int(size) <= description.count else {
            throw Malformed(reason: "the stamp says that it has \(size) bytes, its note has \(description.count)")
        }
        guard abi.major == ABIVersion.host.major else {
            versions = BuildVersions(
                abi: abi, pdk: (try? Self.text(description, 16, 32)) ?? "",
                toolchain: (try? Self.text(description, 48, 128)) ?? "")
            language = .other
            statedRuntime = .unstated
            return
        }
        guard size >= Self.size else {
            throw Malformed(reason: "the stamp says that it has \(size) bytes, one of ABI \(abi) has at least \(Self.size)")
        }
        versions = BuildVersions(
            abi: abi, pdk: try Self.text(description, 16, 32), toolchain: try Self.text(description, 48, 128))
        language = Language(rawValue: description[8])
        statedRuntime = StatedRuntime(rawValue: description[9])
    }

    /// The text in `size` bytes at `offset`, up to its NUL, if it has one.
    private static func text(_ bytes: [UInt8], _ offset: Int, _ size: Int) throws(Malformed) -> String {
        guard bytes.count >= offset + size else { throw Malformed(reason: "the stamp ends inside of a text") }
        let text = bytes[offset..<offset + size].prefix { $0 != 0 }
        guard text.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
            throw Malformed(reason: "the stamp has a text that is not printable ASCII")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
