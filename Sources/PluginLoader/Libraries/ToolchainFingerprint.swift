/// Which Swift toolchain compiled a library, whatever the library says of itself: the commit of Swift's LLVM that the
/// compiler leaves in `.comment`:
///
///     clang version 21.0.0 (https://github.com/swiftlang/llvm-project.git 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0)
///
/// Swift's own compiler writes the same line as the clang that comes with it, and so does the build of the toolchain's
/// `libswiftCore.so`. Two releases whose compiler is the same commit are one toolchain here. `strip` leaves the section
/// alone; Debian's `dh_strip` removes it.
struct ToolchainFingerprint: Hashable, Sendable, CustomStringConvertible {
    let commit: String

    /// `nil` for a comment of another compiler, such as GCC or LLVM's own clang.
    init?(comment: String) {
        guard let opening = comment.firstIndex(of: "("), let closing = comment.lastIndex(of: ")"), opening < closing else {
            return nil
        }
        let parts = comment[comment.index(after: opening)..<closing].split(separator: " ")
        guard parts.count == 2, parts[1].utf8.count == 40, parts[1].allSatisfy(\.isHexDigit),
            parts[0].contains("/swiftlang/llvm-project") || parts[0].contains("/apple/llvm-project")
        else { return nil }
        commit = String(parts[1])
    }

    /// All that have left their mark in a library: none where `.comment` has been removed.
    static func all(in image: ELFImage) throws(ELFError) -> Set<ToolchainFingerprint> {
        Set(try image.comments().compactMap(ToolchainFingerprint.init(comment:)))
    }

    /// As long as people read a commit.
    var description: String { "compiler \(commit.prefix(12))" }
}
