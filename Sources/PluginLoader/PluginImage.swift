// Unsafe pointers: dlopen's handle and the addresses that dlsym gives; this file turns them into the two things that a
// plugin exports.

import CKongPlugin
import Glibc

/// A plugin in this process. Never unloaded: after dlclose the Swift runtime crashes in conformance look-ups.
struct PluginImage {
    private let handle: UnsafeMutableRawPointer
    let open: kong_plugin_open_function

    /// Loads the very file that was checked, through its open descriptor, and compares stamps.
    ///
    /// The dynamic linker is told `/proc/self/fd/N`, so a file that takes the path's place meanwhile is not what it
    /// gets. It has two consequences, both seen with glibc 2.36:
    /// - It knows the library by that name from now on, and would answer a later dlopen of the same N with this library,
    ///   whatever N is then. So the descriptor stays open as long as the process: `LoadedFiles` owns it.
    /// - `$ORIGIN` in the plugin's RUNPATH is `/proc/self/fd`. So what the plugin needs from there is loaded before it,
    ///   by its path; the dynamic linker then finds it by its SONAME.
    ///
    /// Constructors of the plugin run in here. When it throws after they have run, the file stays noted as loaded.
    init(loading plugin: CheckedPlugin) throws(LoadError) {
        try plugin.checkRuntimeAgain()
        try Self.checkUnchanged(plugin)
        try Self.loadLibrariesBeside(plugin)
        try LoadedFiles.insert(plugin.file)
        let name = "/proc/self/fd/\(plugin.file.bytes.descriptor)"
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let text = Self.lastError.replacing(name, with: plugin.path)
            LoadedFiles.remove(plugin.file)
            throw Self.loadFailure(of: plugin, text: text)
        }
        self.handle = handle

        let stamp = plugin.stampNote.bytes
        guard let place = dlsym(handle, CheckedPlugin.stampSymbol),
            stamp.elementsEqual(UnsafeRawBufferPointer(start: place, count: stamp.count))
        else {
            throw plugin.file.refusal(
                .stampDiffers, "its stamp in memory is not the one in the file", plugin: "\(plugin.stamp.versions) in the file",
                host: "needs both to be the same",
                fix:
                    "start the server again; and replace plugins by renaming, not by writing into them: \(plugin.path.replaceCommand)"
            )
        }
        try Self.checkUnchanged(plugin)
        guard let place = dlsym(handle, KONG_PLUGIN_OPEN_SYMBOL) else {
            throw plugin.file.refusal(
                .missingEntry, "it does not export \(KONG_PLUGIN_OPEN_SYMBOL)", plugin: Self.lastError,
                host: "needs \(KONG_PLUGIN_OPEN_SYMBOL), a function", fix: "export it without a symbol version")
        }
        open = unsafeBitCast(place, to: kong_plugin_open_function.self)
    }

    /// Loads what the plugin needs from directories named by `$ORIGIN`.
    ///
    /// These libraries stay even if the plugin then fails to load. So nothing is loaded if a library is missing, or
    /// would not be recognised.
    private static func loadLibrariesBeside(_ plugin: CheckedPlugin) throws(LoadError) {
        let search = LibrarySearch(for: plugin.image.dynamic, of: plugin.path)
        var paths: [String] = []
        var missing: [String] = []
        for library in plugin.image.dynamic.needed {
            switch search.find(library) {
            case .file(let path, origin: true):
                if let file = try? FileBytes(path: path), let image = try? ELFImage(file), image.dynamic.soname != library {
                    throw plugin.file.refusal(
                        .loadFailed, "it needs a library that does not bear the name by which it is needed",
                        plugin: "needs \(library); \(path) has the SONAME \"\(image.dynamic.soname ?? "")\"",
                        host: "finds libraries in $ORIGIN by their SONAME",
                        fix: "link \(path.shellWord) with -Wl,-soname,\(library)")
                }
                paths.append(path)
            case .loaded, .file: break
            case nil: missing.append(library)
            }
        }
        guard paths.isEmpty || missing.isEmpty else {
            throw missingLibraries(missing, of: plugin, text: "\(missing.joined(separator: ", ")): no such library")
        }
        for path in paths where dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nil {
            throw loadFailure(of: plugin, text: lastError)
        }
    }

    private static func checkUnchanged(_ plugin: CheckedPlugin) throws(LoadError) {
        guard plugin.file.bytes.currentState() == plugin.file.bytes.state else {
            throw plugin.file.refusal(
                .fileChanged, "somebody has written to it since it was checked", plugin: "another size or time of modification",
                host: "loads only what it has checked",
                fix:
                    "start the server again; and replace plugins by renaming, not by writing into them: \(plugin.path.replaceCommand)"
            )
        }
    }

    /// What the dynamic linker's `text` means. The library that it misses may be one that another one needs.
    private static func loadFailure(of plugin: CheckedPlugin, text: String) -> LoadError {
        if text.contains(": cannot open shared object file") {
            return missingLibraries([String(text.prefix { $0 != ":" })], of: plugin, text: text)
        }
        return plugin.file.refusal(
            .loadFailed, text, plugin: "\(plugin.stamp.versions)", host: "the dynamic linker refused it",
            fix:
                "a missing symbol or version means that \(plugin.name) was linked against another version of a library than this machine has: build it here"
        )
    }

    private static func missingLibraries(_ libraries: [String], of plugin: CheckedPlugin, text: String) -> LoadError {
        plugin.file.refusal(
            .missingLibrary, text, plugin: "needs \(libraries.joined(separator: ", "))",
            host: "not loaded, in the plugin's RUNPATH, or in the system's directories",
            fix: "install what \(libraries.joined(separator: ", ")) comes with, or link it statically")
    }

    private static var lastError: String {
        dlerror().map { String(cString: $0) } ?? "the dynamic linker gave no reason"
    }
}
