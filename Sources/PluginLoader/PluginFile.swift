import Glibc

/// A file that should hold a plugin, opened and not yet looked into.
public struct PluginFile: Sendable {
    public let name: PluginName
    public let path: String
    public let bytes: FileBytes

    /// The last part of its path.
    public var fileName: String { Self.fileName(of: path) }

    /// The file at `path`, for the plugin that its name says it holds.
    public init(path: String) throws(LoadError) {
        try self.init(name: Self.pluginName(of: path), path: path)
    }

    /// A file that another process has opened and checked, for a probe.
    package init(path: String, owning descriptor: CInt) throws(LoadError) {
        try self.init(name: Self.pluginName(of: path), path: path) { () throws(FileError) in
            try FileBytes(owning: descriptor)
        }
    }

    init(name: PluginName, path: String) throws(LoadError) {
        try self.init(name: name, path: path) { () throws(FileError) in try FileBytes(path: path) }
    }

    init(name: PluginName, path: String, _ open: () throws(FileError) -> FileBytes) throws(LoadError) {
        self.name = name
        self.path = path
        do {
            bytes = try open()
        } catch {
            throw LoadError(error, name: name, path: path)
        }
    }

    private static func pluginName(of path: String) throws(LoadError) -> PluginName {
        let fileName = fileName(of: path)
        if let name = PluginName(fileName: fileName) { return name }
        if FileStatus(path: path) == nil, errno == ENOENT || errno == ENOTDIR {
            throw LoadError(
                .missingFile, .plugin(name: fileName, path: path), reason: "no such file or directory", plugin: "nothing of this name",
                host: "needs the path of a plugin's file", fix: "see what there is: ls -l \(path.directoryPath.shellWord)")
        }
        throw LoadError(
            .badName, .plugin(name: fileName, path: path), reason: "its name is no name of a plugin",
            plugin: "\"\(fileName)\"", host: "NAME.so or libNAME.so, NAME of \(PluginName.rule)", fix: "rename the file")
    }

    private static func fileName(of path: String) -> String { String(path.split(separator: "/").last ?? "") }

    /// The SHA-256 of what was checked, or will be: a file that somebody writes to meanwhile has none.
    public func digest() throws(LoadError) -> FileDigest {
        if let digest = bytes.digest.withLock({ $0 }) {
            try checkUnchanged()
            return digest
        }
        let digest: FileDigest
        do {
            digest = try FileDigest(of: bytes)
        } catch {
            throw refusal(error)
        }
        try checkUnchanged()
        bytes.digest.withLock { $0 = digest }
        return digest
    }

    /// Whether the file is still what it was when it was opened, as far as its size and its time of modification tell.
    func checkUnchanged() throws(LoadError) {
        guard bytes.currentState() == bytes.state else {
            throw refusal(
                .fileChanged, "somebody has written to it since it was opened", plugin: "another size or time of modification",
                host: "loads only what it has checked",
                fix: "start the server again; and replace plugins by renaming, not by writing into them: \(path.replaceCommand)")
        }
    }

    // MARK: Trust

    /// Refuses a file that somebody could change who is not trusted. Returns what has been let pass.
    func checkOwnership(_ options: CheckOptions) throws(LoadError) -> [LoadError] {
        guard let exposure = Exposure(bytes.status, at: path, user: options.user) else { return [] }
        let refusal = exposure.refusal(.insecureFile, subject)
        guard options.allowInsecure else { throw refusal }
        return [refusal]
    }

    /// The same for the directory that it is found in.
    func checkDirectory(_ options: CheckOptions) throws(LoadError) -> [LoadError] {
        let directory = path.directoryPath
        guard let status = FileStatus(path: directory), let exposure = Exposure(status, at: directory, user: options.user)
        else { return [] }
        let refusal = exposure.refusal(.insecureDirectory, subject, "its directory")
        guard options.allowInsecure else { throw refusal }
        return [refusal]
    }

    // MARK: Refusals

    var subject: LoadError.Subject { .plugin(name: name.description, path: path) }

    /// A refusal of this file.
    func refusal(_ code: LoadError.Code, _ reason: String, plugin: String, host: String, fix: String) -> LoadError {
        LoadError(code, subject, reason: reason, plugin: plugin, host: host, fix: fix)
    }

    /// What its bytes being no library for this machine means to the user.
    func refusal(_ error: ELFError) -> LoadError {
        let rebuild = "build it again, and put it in place at once: \(path.replaceCommand)"
        return switch error {
        case .notELF(let found):
            refusal(
                .notELF, "it is not a shared library", plugin: found, host: "loads ELF shared libraries",
                fix: "move \(path.shellWord) out of the plugins directory, or put the plugin's shared library in its place")
        case .wrongMachine(let found):
            refusal(
                .wrongMachine, "it is built for another machine", plugin: found, host: ELFHeader.hostDescription,
                fix: "build \(name) on, or for, \(ELFHeader.hostDescription)")
        case .notALibrary(let found):
            refusal(
                .notALibrary, "it is not a shared library", plugin: found, host: "loads ELF shared libraries",
                fix: "link \(name) as a shared library (swiftc -emit-library, cc -shared)")
        case .truncated(let found):
            refusal(.truncated, "a part of the file is missing", plugin: found, host: "needs the whole file", fix: rebuild)
        case .malformed(let found):
            refusal(.badELF, "the file is damaged", plugin: found, host: "needs what the ELF specification says", fix: rebuild)
        case .unreadable(let found):
            refusal(
                .unreadable, "it cannot be read", plugin: found, host: "reads it as user \(currentUser)",
                fix: "see why cat \(path.shellWord) fails")
        }
    }
}

extension LoadError {
    /// Why the file at `path` could not be opened.
    fileprivate init(_ error: FileError, name: PluginName, path: String) {
        let subject = Subject.plugin(name: name.description, path: path)
        switch error {
        case .missing(let target?):
            self.init(
                .missingFile, subject, reason: "no such file", plugin: "a link to \(target), which is not there",
                host: "follows links", fix: "remove the link, or put the plugin where it points: ls -l \(path.shellWord)")
        case .missing(nil):
            self.init(
                .missingFile, subject, reason: "no such file", plugin: "nothing of this name",
                host: "needs NAME.so or libNAME.so",
                fix: "put the plugin's file there: ./build.sh plugin DIR, where DIR is its folder")
        case .notAFile(let kind):
            self.init(
                .notAFile, subject, reason: "it is not a file", plugin: "\(kind)", host: "loads regular files",
                fix: "move \(path.shellWord) out of the plugins directory, or rename it so that it does not end in .so")
        case .notPermitted:
            self.init(
                .permissions, subject, reason: "permission denied", plugin: "not readable",
                host: "reads it as user \(currentUser)",
                fix: "chmod a+r \(path.shellWord), and chmod a+x the directories above it")
        case .tooManyOpen:
            self.init(
                .unreadable, subject, reason: "it cannot be read", plugin: "not opened", host: "has too many files open",
                fix: "raise the limit of open files for the server: ulimit -n 65536")
        case .system(let number):
            self.init(
                .unreadable, subject, reason: "it cannot be read", plugin: systemMessage(number),
                host: "reads it as user \(currentUser)",
                fix: "see why cat \(path.shellWord) fails")
        }
    }
}
