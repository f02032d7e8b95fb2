/// The name by which Kong knows a plugin, and which its file bears.
///
/// 1 to 128 of: ASCII letters, digits, `-`, `_` and `.`; the first one a letter, a digit or `_`. So a name is safe in
/// a path, in a log line, and in Kong's comma-separated `plugins = …`.
public struct PluginName: Hashable, Sendable, CustomStringConvertible {
    public static let maximumLength = 128
    /// The rule, for messages.
    public static let rule = "letters, digits, '-', '_' and '.', beginning with a letter, a digit or '_', at most \(maximumLength)"

    public let description: String

    /// `nil` if `text` breaks the rule above.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength, let first = bytes.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "."),
            bytes.allSatisfy(Self.allows)
        else { return nil }
        description = String(text)
    }

    /// The plugin that a file holds: `NAME.so` and `libNAME.so` both hold NAME.
    ///
    /// A leading `lib` is never part of the name: `library.so` holds `rary`, and a plugin `library` lives in
    /// `liblibrary.so`. `nil` if the file is no candidate, or its name breaks the rule.
    public init?(fileName: String) {
        guard Self.isCandidate(fileName: fileName) else { return nil }
        let stem = fileName.dropLast(3)
        let isPrefixed = stem.count > 3 && stem.hasPrefix("lib")
        self.init(isPrefixed ? stem.dropFirst(3) : stem)
    }

    /// Whether a file of this name is meant to be a plugin: it ends in `.so` and is not hidden.
    public static func isCandidate(fileName: String) -> Bool {
        fileName.hasSuffix(".so") && !fileName.hasPrefix(".")
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default:
            false
        }
    }
}
