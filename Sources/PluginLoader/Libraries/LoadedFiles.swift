import Synchronization

/// The files that this process has loaded, by what they are and not by what they are called.
///
/// Each file's descriptor stays open in here to the end of the process.
enum LoadedFiles {
    private static let files = Mutex<[FileBytes.Identity: PluginFile]>([:])

    /// Notes a file as loaded. `kong_plugin_open` is called once in a process, so it cannot be loaded again, nor under
    /// another name, as when `foo-1.2.so` and a link `foo.so` to it lie in one directory.
    static func insert(_ file: PluginFile) throws(LoadError) {
        let other: PluginFile? = files.withLock { files in
            if let other = files[file.bytes.identity] { return other }
            files[file.bytes.identity] = file
            return nil
        }
        if let other {
            throw file.refusal(
                .alreadyOpen, "this file is open already, as plugin \(other.name)", plugin: "the same file as \(other.path)",
                host: "opens a file once in a process",
                fix: other.name == file.name
                    ? "start the server again to open \(file.name) again"
                    : "remove \(other.path.shellWord) or \(file.path.shellWord), or make it a copy")
        }
    }

    /// For a file that the dynamic linker did not take after all.
    static func remove(_ file: PluginFile) {
        files.withLock { files in _ = files.removeValue(forKey: file.bytes.identity) }
    }
}
