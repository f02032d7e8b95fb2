/// The words of a command, as a shell divides it: Kong gives its commands to `sh`.
struct ShellWords {
    let words: [String]
    /// Whether a shell would do more than divide it: put in variables, start several programs, …
    let needsShell: Bool

    /// A quotation mark that has no partner.
    struct Unbalanced: Error {}

    private static let special: Set<Character> = ["$", "`", "|", "&", ";", "<", ">", "(", ")", "*", "?", "[", "~", "#", "\n"]

    init(_ command: String) throws(Unbalanced) {
        var words: [String] = []
        var word: String?
        var needsShell = false
        var quote: Character?
        var isEscaped = false
        for character in command {
            if isEscaped {
                // In double quotes a backslash is itself before all but these.
                if quote == "\"", !"$`\"\\".contains(character) { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open {
                    quote = nil
                } else {
                    if open == "\"", character == "$" || character == "`" { needsShell = true }
                    word = (word ?? "") + String(character)
                }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace, character != "\n" {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                if Self.special.contains(character) { needsShell = true }
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil, !isEscaped else { throw Unbalanced() }
        if let word { words.append(word) }
        self.words = words
        self.needsShell = needsShell
    }
}
