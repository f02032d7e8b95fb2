/// The trust list: which files may be plugins, by what is in them. `plugins.lock`, beside the plugins.
///
/// A line for each file, as `sha256sum *.so` writes it and `sha256sum -c plugins.lock` checks it:
///
///     # comment
///     9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  goplug.so
public struct PluginLock: Hashable, Sendable {
    public static let fileName = "plugins.lock"

    /// By the files' names.
    public let digests: [String: FileDigest]

    /// What is wrong with a lock file, and on which line, counted from 1.
    public struct Malformed: Error, Hashable, Sendable {
        public let line: Int
        public let reason: String
    }

    private static let mostLines = 100_000
    /// A digest, two spaces, and the longest name that a file can have.
    private static let longestLine = 64 + 2 + 255

    public init(digests: [String: FileDigest]) { self.digests = digests }

    // MARK: Reading

    /// Reads the text of a lock file. Strict: what is not understood is no reason to trust.
    public init(parsing text: some Sequence<UInt8>) throws(Malformed) {
        var digests: [String: FileDigest] = [:]
        var number = 0
        for line in Array(text).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard number <= Self.mostLines else { throw Malformed(line: number, reason: "more than \(Self.mostLines) lines") }
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            let (name, digest) = try Self.entry(line, number)
            guard digests.updateValue(digest, forKey: name) == nil else {
                throw Malformed(line: number, reason: "\(name) is there twice")
            }
        }
        self.digests = digests
    }

    private static func entry(_ line: ArraySlice<UInt8>, _ number: Int) throws(Malformed) -> (String, FileDigest) {
        func malformed(_ reason: String) -> Malformed { Malformed(line: number, reason: reason) }
        guard line.count <= longestLine else { throw malformed("the line is longer than \(longestLine) bytes") }
        guard line.last != UInt8(ascii: "\r") else { throw malformed("the line ends as on Windows: dos2unix \(fileName)") }
        let digits = String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
        guard let digest = FileDigest(digits: digits) else {
            throw malformed("the line does not begin with the 64 hexadecimal digits of a SHA-256")
        }
        // A space, then how sha256sum read the file: as text (space) or as bytes (*), which is the same on Linux.
        let rest = line.dropFirst(64)
        guard rest.starts(with: Array("  ".utf8)) || rest.starts(with: Array(" *".utf8)) else {
            throw malformed("after the SHA-256 there are not two spaces")
        }
        let name = String(decoding: rest.dropFirst(2), as: UTF8.self)
        guard PluginName(fileName: name) != nil else { throw malformed("\"\(name)\" is no name of a plugin's file") }
        return (name, digest)
    }

    // MARK: Writing

    /// The lines, in the order of names.
    public var text: String {
        let header = """
            # The files that swift-pluginserver \(CheckOptions.requireLockFlag) takes from this directory.
            # Written by `swift-pluginserver lock`; `sha256sum -c \(Self.fileName)` checks it too.

            """
        return digests.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .reduce(into: header) { $0 += "\($1.value)  \($1.key)\n" }
    }

    /// The trust list for the plugins that were found in a directory: those that passed all checks.
    public init(trusting directory: PluginDirectory) throws(LoadError) {
        var digests: [String: FileDigest] = [:]
        for finding in directory.findings {
            guard case .plugin(let plugin) = finding else { continue }
            digests[plugin.file.fileName] = try plugin.file.digest()
        }
        self.digests = digests
    }
}
