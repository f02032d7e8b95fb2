// Unsafe pointers: opendir's stream and the entries that readdir lends.

import Glibc

/// What one entry of the plugins directory is.
public enum Finding: Sendable, CustomStringConvertible {
    /// A plugin that can be opened.
    case plugin(CheckedPlugin)
    /// A file that should be a plugin and is none that this host takes.
    case refused(PluginName?, LoadError)
    /// Not meant as a plugin.
    case ignored(fileName: String, reason: String)

    /// The plugin that it is about.
    public var name: PluginName? {
        switch self {
        case .plugin(let plugin): plugin.name
        case .refused(let name, _): name
        case .ignored: nil
        }
    }

    /// Lines for the log, one for each thing that would have been a refusal but for `CheckOptions.allowInsecure`.
    public var warnings: [String] {
        guard case .plugin(let plugin) = self else { return [] }
        return plugin.waived.map(\.warning)
    }

    /// For the log. A refusal has three lines; a plugin has one, and one for each warning.
    public var description: String {
        switch self {
        case .plugin(let plugin):
            let runtime =
                switch plugin.runtime {
                case .own: ""
                case .shared(let library): ", Swift runtime \(library.printable)"
                }
            let found = "found plugin \(plugin.name) in \(plugin.path.printable): \(plugin.stamp.versions)\(runtime)"
            return ([found] + warnings.map { "  warning: \($0)" }).joined(separator: "\n")
        case .refused(_, let error): return error.description
        case .ignored(let fileName, let reason): return "ignored \"\(fileName.printable)\": \(reason)"
        }
    }
}

/// The directory of plugins, and what was found for each of its entries. Reading it runs nothing of any plugin.
public struct PluginDirectory: Sendable {
    public let path: String
    /// One for each entry, in the order of the entries' names (by bytes).
    public let findings: [Finding]

    /// What the directory itself would have been refused for, had it not been for `CheckOptions.allowInsecure`.
    public let waived: LoadError?

    /// Reads a directory; not the ones in it. That it cannot be read or trusted, or has no trust list where one is
    /// required, is an error; that it is empty is none.
    public init(path: String, options: CheckOptions) throws(LoadError) {
        self.path = path
        let (fileNames, status) = try Self.entries(of: path)
        waived = try Self.checkOwnership(status, of: path, options)
        let lock = options.requireLock ? try PluginLock(in: path, options: options) : nil
        let reader = LibraryReader()
        let prefix = path.hasSuffix("/") ? path : "\(path)/"

        // Two files for one name: which is meant? Neither is taken. What is no file at all does not count.
        var filesByName: [PluginName: [String]] = [:]
        for fileName in fileNames {
            guard let name = PluginName(fileName: fileName), Self.isFile(prefix + fileName) else { continue }
            filesByName[name, default: []].append(fileName)
        }

        findings = fileNames.map { fileName in
            guard PluginName.isCandidate(fileName: fileName) else {
                return .ignored(fileName: fileName, reason: Self.reasonToIgnore(fileName, options))
            }
            let name = PluginName(fileName: fileName)
            do throws(LoadError) {
                if let name, let files = filesByName[name], files.count > 1, files.contains(fileName) {
                    throw Self.duplicate(fileName, of: files, name, in: prefix)
                }
                let file = try PluginFile(path: prefix + fileName)
                return .plugin(try CheckedPlugin(file, options: options, lock: lock, reader: reader))
            } catch {
                return .refused(name, error)
            }
        }
    }

    /// The same, with nothing but the host's versions to go by.
    public init(path: String, host: BuildVersions) throws(LoadError) {
        try self.init(path: path, options: CheckOptions(host: host))
    }

    /// The plugin of this name, or why there is none.
    public func plugin(named name: PluginName) throws(LoadError) -> CheckedPlugin {
        var refusal: LoadError?
        for finding in findings where finding.name == name {
            switch finding {
            case .plugin(let plugin): return plugin
            case .refused(_, let error): refusal = refusal ?? error
            case .ignored: break
            }
        }
        if let refusal { throw refusal }
        let file = "\(path)/\(name).so"
        throw LoadError(
            .missingFile, .plugin(name: name.description, path: file), reason: "no such file",
            plugin: "neither \(name).so nor lib\(name).so", host: "looked in \(path)",
            fix: "put the plugin's file there: ./build.sh plugin DIR, where DIR is its folder")
    }

    private static func reasonToIgnore(_ fileName: String, _ options: CheckOptions) -> String {
        if fileName == PluginLock.fileName {
            return options.requireLock ? "it is the trust list" : "it is a trust list, and counts only with \(CheckOptions.requireLockFlag)"
        }
        return fileName.hasPrefix(".") ? "its name begins with a dot" : "its name does not end in .so"
    }

    private static func checkOwnership(
        _ status: FileStatus?, of path: String, _ options: CheckOptions
    ) throws(LoadError) -> LoadError? {
        guard let status, let exposure = Exposure(status, at: path, user: options.user) else { return nil }
        let refusal = exposure.refusal(.insecureDirectory, .directory(path: path))
        guard options.allowInsecure else { throw refusal }
        return refusal
    }

    private static func duplicate(_ fileName: String, of files: [String], _ name: PluginName, in prefix: String) -> LoadError {
        let others = files.filter { $0 != fileName }.map { prefix + $0 }
        return LoadError(
            .duplicateName, .plugin(name: name.description, path: prefix + fileName),
            reason: "\(others.joined(separator: ", ")) holds plugin \(name) too",
            plugin: files.map { prefix + $0 }.joined(separator: " and "), host: "takes one file for each name",
            fix: "remove all but one of them")
    }

    // MARK: The system's directory

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The names in it, and the status of the very directory that they are from.
    private static func entries(of path: String) throws(LoadError) -> ([String], FileStatus?) {
        guard let stream = opendir(path) else { throw cannotRead(path, errno) }
        defer { closedir(stream) }
        let status = FileStatus(descriptor: dirfd(stream))
        var names: [String] = []
        while true {
            // readdir tells its end from an error by errno alone.
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw cannotRead(path, errno) }
                break
            }
            // In place: an entry is shorter than the struct that describes it.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return (names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, status)
    }

    private static func cannotRead(_ path: String, _ number: CInt) -> LoadError {
        let subject = LoadError.Subject.directory(path: path)
        let wanted = "give the directory that holds your plugins: -plugins-directory DIR"
        return switch number {
        case ENOENT:
            LoadError(
                .missingDirectory, subject, reason: "no such directory", plugin: "nothing of this name",
                host: "reads its plugins from it",
                fix: "mkdir -p \(path.shellWord), or \(wanted)")
        case ENOTDIR:
            LoadError(
                .missingDirectory, subject, reason: "not a directory", plugin: "something else",
                host: "reads its plugins from it",
                fix: wanted)
        case EACCES, EPERM:
            LoadError(
                .permissions, subject, reason: "permission denied", plugin: "not readable",
                host: "reads it as user \(currentUser)",
                fix: "chmod a+rx \(path.shellWord), and chmod a+x the directories above it")
        default:
            LoadError(
                .unreadable, subject, reason: "it cannot be read", plugin: systemMessage(number),
                host: "reads it as user \(currentUser)",
                fix: "see why ls \(path.shellWord) fails")
        }
    }
}
