// Unsafe pointers: dlopen's handle and the addresses that dlsym gives; this file turns them into the two things that a
// plugin exports.

import CKongPlugin
import ForeignFunction
import Glibc

/// A plugin in this process. Never unloaded: after dlclose the Swift runtime crashes in conformance look-ups.
struct PluginImage {
    private let handle: UnsafeMutableRawPointer
    private let openFunction: ForeignFunction

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
        try plugin.checkLibrariesAgain()
        try plugin.file.checkUnchanged()
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
        try plugin.file.checkUnchanged()
        guard let place = dlsym(handle, KONG_PLUGIN_OPEN_SYMBOL) else {
            throw plugin.file.refusal(
                .missingEntry, "it does not export \(KONG_PLUGIN_OPEN_SYMBOL)", plugin: Self.lastError,
                host: "needs \(KONG_PLUGIN_OPEN_SYMBOL), a function", fix: "export it without a symbol version")
        }
        openFunction = try Self.openFunction(at: place, of: plugin, handle)
    }

    /// Calls `kong_plugin_open`.
    func open(_ host: UnsafePointer<kong_host>, _ error: inout kong_string) -> UnsafePointer<kong_plugin>? {
        let descriptor = withUnsafeMutablePointer(to: &error) { openFunction.call(host, $0) }
        return descriptor.flatMap { UnsafeRawPointer(bitPattern: $0) }?.assumingMemoryBound(to: kong_plugin.self)
    }

    /// `kong_plugin_open`, with the signature that the plugin declares for it. A plugin that declares none has the one of
    /// `kong_plugin.h`; one that declares another than the contract's, for any of its functions, is refused.
    private static func openFunction(
        at place: UnsafeMutableRawPointer, of plugin: CheckedPlugin, _ handle: UnsafeMutableRawPointer
    ) throws(LoadError) -> ForeignFunction {
        var declared = KONG_OPEN_SIGNATURE
        if let symbol = try? plugin.image.symbol(named: KONG_DEFINITION_SYMBOL), symbol.isObject,
            let definition = dlsym(handle, KONG_DEFINITION_SYMBOL)
        {
            let signatures: DeclaredSignatures
            do throws(DeclaredSignatures.Unreadable) {
                signatures = try DeclaredSignatures(definition.assumingMemoryBound(to: kong_definition.self))
            } catch {
                throw plugin.file.refusal(
                    .badDescriptor, "its definition is not valid", plugin: error.description,
                    host: "reads what KONG_PLUGIN of kong_pdk.h places", fix: "make it with KONG_PLUGIN, or as kong_define.h says")
            }
            if let mismatch = signatures.mismatches.first { throw refusal(of: plugin, mismatch) }
            declared = signatures.ofOpen
        }
        do throws(ForeignFunctionError) {
            guard let signature = Signature(declared) else {
                throw ForeignFunctionError(description: "\(declared) is no signature")
            }
            return try ForeignFunction(place, signature)
        } catch {
            throw plugin.file.refusal(
                .loadFailed, "\(KONG_PLUGIN_OPEN_SYMBOL) cannot be called", plugin: "\(plugin.stamp.versions)",
                host: error.description, fix: "see whether this machine lets programs make functions (libffi)")
        }
    }

    private static func refusal(of plugin: CheckedPlugin, _ mismatch: DeclaredSignatures.Mismatch) -> LoadError {
        plugin.file.refusal(
            .badSignature, "\(mismatch.function) has not the signature of the contract",
            plugin: "declares \(mismatch.declared)", host: "would call \(mismatch.wanted)",
            fix: "give it the parameters and the result that kong_define.h says, and declare them; KONG_HANDLER does both")
    }

    /// Loads what the plugin needs from directories named by `$ORIGIN`.
    ///
    /// These libraries stay even if the plugin then fails to load. So nothing is loaded if one would not be recognised;
    /// that none is missing has been checked.
    private static func loadLibrariesBeside(_ plugin: CheckedPlugin) throws(LoadError) {
        let search = LibrarySearch(for: plugin.image.dynamic, of: plugin.path)
        var paths: [String] = []
        for library in plugin.image.dynamic.needed {
            guard case .file(let path, origin: true) = search.find(library) else { continue }
            if let file = try? FileBytes(path: path), let image = try? ELFImage(file), image.dynamic.soname != library {
                throw plugin.file.refusal(
                    .loadFailed, "it needs a library that does not bear the name by which it is needed",
                    plugin: "needs \(library); \(path) has the SONAME \"\(image.dynamic.soname ?? "")\"",
                    host: "finds libraries in $ORIGIN by their SONAME",
                    fix: "link \(path.shellWord) with -Wl,-soname,\(library)")
            }
            paths.append(path)
        }
        for path in paths where dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nil {
            throw loadFailure(of: plugin, text: lastError)
        }
    }

    /// What the dynamic linker's `text` means. What can be missing was there when it was checked, a moment ago.
    private static func loadFailure(of plugin: CheckedPlugin, text: String) -> LoadError {
        if text.contains(": cannot open shared object file") {
            let library = text.prefix { $0 != ":" }
            return plugin.file.refusal(
                .missingLibrary, text, plugin: "needs \(library)", host: "the dynamic linker does not find it",
                fix: "install what \(library) comes with (and run ldconfig), or link it statically")
        }
        return plugin.file.refusal(
            .loadFailed, text, plugin: "\(plugin.stamp.versions)", host: "the dynamic linker refused it",
            fix: "a missing symbol means that \(plugin.name) was linked against another version of a library than this machine has: build it here"
        )
    }

    private static var lastError: String {
        dlerror().map { String(cString: $0) } ?? "the dynamic linker gave no reason"
    }
}
