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

    /// For the log. A refusal has three lines.
    public var description: String {
        switch self {
        case .plugin(let plugin):
            switch plugin.runtime {
            case .own: "found plugin \(plugin.name) in \(plugin.path.printable): \(plugin.stamp.versions)"
            case .shared(let library):
                "found plugin \(plugin.name) in \(plugin.path.printable): \(plugin.stamp.versions), Swift runtime \(library.printable)"
            }
        case .refused(_, let error): error.description
        case .ignored(let fileName, let reason): "ignored \"\(fileName.printable)\": \(reason)"
        }
    }
}

/// The directory of plugins, and what was found for each of its entries. Reading it runs nothing of any plugin.
public struct PluginDirectory: Sendable {
    public let path: String
    /// One for each entry, in the order of the entries' names (by bytes).
    public let findings: [Finding]

    /// Reads a directory; not the ones in it. That it cannot be read is an error, that it is empty is not.
    public init(path: String, host: BuildVersions) throws(LoadError) {
        self.path = path
        let fileNames = try Self.entries(of: path)
        let prefix = path.hasSuffix("/") ? path : "\(path)/"

        // Two files for one name: which is meant? Neither is taken. What is no file at all does not count.
        var filesByName: [PluginName: [String]] = [:]
        for fileName in fileNames {
            guard let name = PluginName(fileName: fileName), Self.isFile(prefix + fileName) else { continue }
            filesByName[name, default: []].append(fileName)
        }

        findings = fileNames.map { fileName in
            guard PluginName.isCandidate(fileName: fileName) else {
                return .ignored(
                    fileName: fileName,
                    reason: fileName.hasPrefix(".") ? "its name begins with a dot" : "its name does not end in .so")
            }
            let name = PluginName(fileName: fileName)
            do throws(LoadError) {
                if let name, let files = filesByName[name], files.count > 1, files.contains(fileName) {
                    throw Self.duplicate(fileName, of: files, name, in: prefix)
                }
                return .plugin(try CheckedPlugin(PluginFile(path: prefix + fileName), host: host))
            } catch {
                return .refused(name, error)
            }
        }
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

    private static func entries(of path: String) throws(LoadError) -> [String] {
        guard let stream = opendir(path) else { throw cannotRead(path, errno) }
        defer { closedir(stream) }
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
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
