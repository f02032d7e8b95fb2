import EventLoop
import PluginLoader

/// What stands in `kong.conf`, read as Kong reads it.
///
/// Source: kong/conf_loader, and Penlight's `pl.config`, which reads the lines for it. Not as one might think: a key may
/// be written with any sign for `_`, a line may go on after a backslash, quotes are part of the value, and the last of
/// several lines for one key counts.
struct KongConfigurationFile {
    struct Entry {
        let value: String
        /// Counted from 1.
        let line: Int
    }

    /// A line that does not do what it seems to be for.
    struct Oddity {
        enum Kind: Equatable {
            /// There is no `=` in it.
            case noAssignment
            /// `[section]`: Kong does not find what follows.
            case section
            /// The key was set before, on that line.
            case again(key: String, line: Int)
        }

        let line: Int
        let kind: Kind
    }

    let entries: [String: Entry]
    let oddities: [Oddity]

    /// Reads the text of the file.
    init(parsing text: String) {
        var entries: [String: Entry] = [:]
        var oddities: [Oddity] = []
        var isInSection = false
        for (line, number) in Self.logicalLines(of: text) {
            // With a space before it, it is a line like others.
            if line.hasPrefix("[") {
                isInSection = true
                oddities.append(Oddity(line: number, kind: .section))
                continue
            }
            let line = line.trimmed
            guard let sign = line.firstIndex(of: "=") else {
                oddities.append(Oddity(line: number, kind: .noAssignment))
                continue
            }
            if isInSection { continue }
            let key = Self.key(line[..<sign].trimmed)
            let entry = Entry(value: Self.value(line[line.index(after: sign)...]), line: number)
            if let previous = entries.updateValue(entry, forKey: key) {
                oddities.append(Oddity(line: number, kind: .again(key: key, line: previous.line)))
            }
        }
        self.entries = entries
        self.oddities = oddities
    }

    /// Each byte that is no letter or digit of ASCII becomes `_`.
    private static func key(_ text: Substring) -> String {
        text.reduce(into: "") { key, character in
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            key += isPlain ? String(character) : String(repeating: "_", count: character.utf8.count)
        }
    }

    /// Lines that say something, each with the number of its first: a backslash at the end joins it to the next such one.
    private static func logicalLines(of text: String) -> [(Substring, number: Int)] {
        var lines: [(Substring, number: Int)] = []
        var begun = ""
        var first: Int?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd).enumerated() {
            let rest = line.trimmed
            if rest.isEmpty || rest.hasPrefix("#") || rest.hasPrefix(";") { continue }
            let number = first ?? index + 1
            let end = line.endTrimmed
            if end.hasSuffix("\\") {
                begun += end.dropLast()
                first = number
            } else if begun.isEmpty {
                lines.append((line, number))
            } else {
                lines.append((Substring(begun + line), number))
                begun = ""
                first = nil
            }
        }
        return lines
    }

    /// Without the comment behind it, which begins at a `#` that has no backslash before it.
    private static func value(_ text: Substring) -> String {
        var value = ""
        var isEscaped = false
        for character in text.trimmed {
            if character == "#", !isEscaped {
                value = String(value[...].endTrimmed)
                break
            }
            if character == "#" { value.removeLast() }
            value.append(character)
            isEscaped = character == "\\"
        }
        return value
    }
}

extension Character {
    /// To Swift, the two signs at the end of a line of Windows are one character.
    fileprivate var isLineEnd: Bool { self == "\n" || self == "\r\n" }

    /// What C calls space, and so Kong.
    fileprivate var isSpace: Bool { isASCII && isWhitespace }
}

extension Substring {
    var trimmed: Substring { drop(while: \.isSpace).endTrimmed }

    fileprivate var endTrimmed: Substring {
        var rest = self
        while rest.last?.isSpace == true { rest.removeLast() }
        return rest
    }
}

// MARK: Reading

extension KongConfigurationFile {
    /// Why there is nothing that could be read.
    struct Unreadable: Error {
        let code: Diagnosis.Code
        let found: String
    }

    /// Larger than any that was written for Kong: its own, with all the comments, has 100 KB.
    static let largestSize: UInt64 = 4 << 20

    /// Reads a file, and never waits: it must be a regular one, and of a size that a configuration has.
    init(path: String) throws(Unreadable) {
        let file: FileBytes
        do throws(FileError) { file = try FileBytes(path: path) } catch { throw Unreadable(error) }
        guard file.size <= Self.largestSize else {
            throw Unreadable(code: .kongConfTooLarge, found: "\(file.size) bytes")
        }
        let bytes: [UInt8]
        do {
            bytes = try file.read(at: 0, count: Int(file.size))
        } catch {
            throw Unreadable(code: .kongConfUnreadable, found: "it cannot be read, or changes meanwhile")
        }
        guard !bytes.contains(0) else { throw Unreadable(code: .kongConfBinary, found: "NUL bytes") }
        self.init(parsing: String(decoding: bytes, as: UTF8.self))
    }
}

extension KongConfigurationFile.Unreadable {
    fileprivate init(_ error: FileError) {
        switch error {
        case .missing(linkTo: nil): self.init(code: .kongConfMissing, found: "nothing of this name")
        case .missing(linkTo: let target?): self.init(code: .kongConfMissing, found: "a link to \(target), which is not there")
        case .notAFile(let kind): self.init(code: .kongConfNotAFile, found: "\(kind)")
        case .notPermitted: self.init(code: .kongConfUnreadable, found: "permission denied")
        case .tooManyOpen: self.init(code: .kongConfUnreadable, found: "too many files are open")
        case .system(let number): self.init(code: .kongConfUnreadable, found: SystemError("open", code: number).reason)
        }
    }
}
