/// Why a plugin, or the directory of plugins, was refused: a stable code, both sides, and what to do about it.
public struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable: scripts and dashboards match on the raw values.
    public enum Code: String, CaseIterable, Sendable {
        /// The plugin's ABI has another major version.
        case abiMajor = "abi-major"
        /// The plugin's ABI has a newer minor version.
        case abiMinor = "abi-minor"
        /// The Swift runtime that the plugin would get here is missing, or of another toolchain.
        case swiftRuntime = "swift-runtime"
        case notELF = "not-elf"
        /// Another processor, word size, byte order or operating system.
        case wrongMachine = "wrong-machine"
        /// ELF for this machine, but a program, an object file or a core dump.
        case notALibrary = "not-a-library"
        /// The file contradicts itself, or the ELF specification.
        case badELF = "bad-elf"
        /// Less is there than the file's own headers say.
        case truncated
        case noStamp = "no-stamp"
        case badStamp = "bad-stamp"
        /// `kong_plugin_open` or `kong_plugin_abi` is not exported as what it should be.
        case missingEntry = "missing-entry"
        case missingLibrary = "missing-library"
        case permissions
        case duplicateName = "duplicate-name"
        case badName = "bad-name"
        /// A directory, FIFO, socket or device.
        case notAFile = "not-a-file"
        /// There is no such file, or a link to one that is not there.
        case missingFile = "missing-file"
        /// The system could not read the file or directory.
        case unreadable
        /// The plugins directory is not there, or is no directory.
        case missingDirectory = "missing-directory"
        /// The file was written to after it had been checked.
        case fileChanged = "file-changed"
        /// The dynamic linker refused the file.
        case loadFailed = "load-failed"
        /// In memory the stamp is not what the file said.
        case stampDiffers = "stamp-differs"
        /// This process has opened the very same file before, perhaps under another name.
        case alreadyOpen = "already-open"
        /// `kong_plugin_open` failed.
        case openFailed = "open-failed"
        case badDescriptor = "bad-descriptor"
    }

    /// What was refused.
    public enum Subject: Hashable, Sendable {
        case plugin(name: String, path: String)
        case directory(path: String)
    }

    public let code: Code
    public let subject: Subject
    /// What is wrong, without the plugin's name or path.
    public let reason: String
    /// What was found.
    public let pluginSide: String
    /// What the host has or wants instead.
    public let hostSide: String
    /// What to do, to be followed literally.
    public let fix: String

    /// Texts may come from files: they are made printable here, for all uses.
    public init(_ code: Code, _ subject: Subject, reason: String, plugin: String, host: String, fix: String) {
        self.code = code
        self.subject = subject
        self.reason = reason.printable
        pluginSide = plugin.printable
        hostSide = host.printable
        self.fix = fix.printable
    }

    /// The first line. go-pluginserver's wording, since that is what people search for; as in Go's `plugin.Open`,
    /// the path loses its `.so` when versions differ, and only then.
    public var message: String {
        switch subject {
        case .plugin(let name, var path):
            if reason.hasPrefix(Self.differentVersion), path.hasSuffix(".so") { path.removeLast(3) }
            return "failed to open plugin \(name.printable): plugin.Open(\"\(path.printable)\"): \(reason)"
        case .directory(let path):
            return "failed to open plugins directory \"\(path.printable)\": \(reason)"
        }
    }

    /// The second line: both sides.
    public var detail: String {
        switch subject {
        case .plugin: "plugin: \(pluginSide)     host: \(hostSide)"
        case .directory: "directory: \(pluginSide)     host: \(hostSide)"
        }
    }

    /// The three lines of plugin-abi.md, section 3.
    public var description: String {
        "\(message)\n  \(detail)\n  fix: \(fix)"
    }

    private static let differentVersion = "plugin was built with a different version of package "

    /// Go's words for a package that plugin and host were built with different versions of.
    static func differentVersion(ofPackage package: String) -> String { differentVersion + package }
}
