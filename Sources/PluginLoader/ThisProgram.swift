// Unsafe pointers: the two `stat`s that the system fills.

import FoundationEssentials
import Glibc

/// The program that this process runs.
public enum ThisProgram {
    private static let link = "/proc/self/exe"

    /// What to write in a shell to run it once more, whatever directory that is in: the name by which it was called, or its path if
    /// PATH does not lead to it.
    public static var command: String {
        let called = CommandLine.arguments.first ?? ""
        return called.contains("/") || called.isEmpty ? path.shellWord : called.shellWord
    }

    /// Where it is, for people; of one that has been removed, what the kernel says.
    public static var path: String { (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? link }

    /// What to execute to run it once more.
    ///
    /// That is the kernel's link, which leads to the very file even when that has been renamed, or replaced by another. But a tool
    /// that runs programs itself, such as valgrind, is what its link leads to, while it makes the link's text that of the program.
    public static var executable: String {
        var (linked, named) = (stat(), stat())
        let path = path
        guard stat(link, &linked) == 0, stat(path, &named) == 0 else { return link }
        return (linked.st_dev, linked.st_ino) == (named.st_dev, named.st_ino) ? link : path
    }
}
