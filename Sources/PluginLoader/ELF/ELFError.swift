/// Why the bytes of a file cannot be a library for this machine. Each text says what was found.
public enum ELFError: Error, Hashable, Sendable {
    /// It does not begin as an ELF file does.
    case notELF(String)
    /// Less is there than the file's own headers say.
    case truncated(String)
    /// Another processor, word size, byte order or operating system.
    case wrongMachine(String)
    /// A program, an object file or a core dump.
    case notALibrary(String)
    /// It contradicts itself, or the ELF specification.
    case malformed(String)
    /// The system failed to read it.
    case unreadable(String)

    /// What was found, whichever of them it is.
    var found: String {
        switch self {
        case .notELF(let found), .truncated(let found), .wrongMachine(let found), .notALibrary(let found), .malformed(let found),
            .unreadable(let found):
            found
        }
    }
}
