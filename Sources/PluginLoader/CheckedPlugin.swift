import CKongPlugin

/// A plugin whose file has passed every check that runs nothing of it. Only such a one can be opened.
///
/// It holds the file open: what is loaded later is this file, whatever is called by its name then.
public struct CheckedPlugin: Sendable {
    public let file: PluginFile
    public let image: ELFImage
    public let stamp: Stamp
    public let runtime: SwiftRuntime
    /// What it would have been refused for, had it not been for `CheckOptions.allowInsecure`.
    public let waived: [LoadError]
    /// What it was checked for.
    let options: CheckOptions
    /// The stamp with its note around it, byte for byte.
    let stampNote: ELFNote
    let libraries: NeededLibraries
    let versionNeeds: [ELFVersionNeed]

    public var name: PluginName { file.name }
    public var path: String { file.path }
    var host: BuildVersions { options.host }

    static let openSymbol = KONG_PLUGIN_OPEN_SYMBOL
    static let stampSymbol = KONG_STAMP_SYMBOL

    /// Checks a file, and the directory that it is in.
    public init(_ file: PluginFile, options: CheckOptions) throws(LoadError) {
        let directory = file.path.directoryPath
        let waived = try file.checkDirectory(options)
        let lock = options.requireLock ? try PluginLock(in: directory, options: options) : nil
        try self.init(file, options: options, lock: lock, reader: LibraryReader(), waived: waived)
    }

    /// The same, with nothing but the host's versions to go by.
    public init(_ file: PluginFile, host: BuildVersions) throws(LoadError) {
        try self.init(file, options: CheckOptions(host: host))
    }

    /// Checks a file in a directory that has been checked.
    ///
    /// What is said first is what explains most: a file for another machine is not blamed for its stamp, nor one of
    /// another ABI for its entry. But before all else comes whether the file may be trusted: nothing that strangers
    /// wrote is looked into.
    init(
        _ file: PluginFile, options: CheckOptions, lock: PluginLock?, reader: LibraryReader, waived: [LoadError] = []
    ) throws(LoadError) {
        var waived = waived
        waived += try file.checkOwnership(options)
        try lock?.check(file)

        let stampSymbol: ELFSymbol?
        let openSymbol: ELFSymbol?
        do throws(ELFError) {
            image = try ELFImage(file.bytes)
            stampSymbol = try image.symbol(named: Self.stampSymbol)
            openSymbol = try image.symbol(named: Self.openSymbol)
            versionNeeds = try image.neededVersions()
        } catch {
            throw file.refusal(error)
        }
        self.file = file
        self.options = options
        stampNote = try Self.findStamp(in: image, stampSymbol, of: file)
        stamp = try Self.readStamp(stampNote, of: file)
        try Self.checkVersion(of: stamp, in: file, host: options.host)
        try Self.checkEntry(stampSymbol, named: Self.stampSymbol, \.isObject, as: "data", in: file)
        try Self.checkEntry(openSymbol, named: Self.openSymbol, \.isFunction, as: "a function", in: file)
        runtime = try SwiftRuntime(of: image, stamp: stamp, in: file, host: options.host, reader: reader)
        libraries = NeededLibraries(of: image, needs: versionNeeds, at: file.path, reader: reader)
        waived += try libraries.check(for: file, options)
        self.waived = waived
    }

    /// Runtime and libraries as they are now: what another plugin has loaded since the check may decide it otherwise.
    func checkLibrariesAgain() throws(LoadError) {
        let reader = LibraryReader()
        _ = try SwiftRuntime(of: image, stamp: stamp, in: file, host: host, reader: reader)
        _ = try NeededLibraries(of: image, needs: versionNeeds, at: path, reader: reader).check(for: file, options)
    }

    // MARK: Checks

    /// The note at `kong_plugin_abi`; for a plugin that does not export that, the one in its PT_NOTE segments, so that
    /// it is told what it lacks.
    private static func findStamp(in image: ELFImage, _ symbol: ELFSymbol?, of file: PluginFile) throws(LoadError) -> ELFNote {
        let notes = image.notes()
        if let symbol, symbol.isObject {
            guard let note = try? image.note(at: symbol.address), note.isStamp else {
                throw file.refusal(
                    .badStamp, "its stamp is damaged", plugin: "\(stampSymbol) is not at a note of Kong",
                    host: "reads what KONG_PLUGIN_STAMP places", fix: "write the stamp with KONG_PLUGIN_STAMP of kong_plugin.h")
            }
            return note
        }
        if let note = notes.first(where: \.isStamp) { return note }

        let isGo = notes.contains { $0.owner == "Go" }
        throw file.refusal(
            .noStamp, "it is not a plugin of swift-pluginserver",
            plugin: isGo ? "a library built by Go, with no stamp" : "a library with no stamp",
            host: "loads plugins with a stamp of ABI \(ABIVersion.host.major)",
            fix: isGo
                ? "leave it to go-pluginserver, and move \(file.path.shellWord) out of the plugins directory"
                : "if it is a plugin, build it with KongPDK, or in C with KONG_PLUGIN_STAMP of kong_plugin.h; if not, move it out of the plugins directory"
        )
    }

    private static func readStamp(_ note: ELFNote, of file: PluginFile) throws(LoadError) -> Stamp {
        do {
            return try Stamp(note.description)
        } catch {
            throw file.refusal(
                .badStamp, "its stamp is damaged", plugin: error.reason, host: "reads stamps of ABI \(ABIVersion.host)",
                fix: "write the stamp with KONG_PLUGIN_STAMP of kong_plugin.h")
        }
    }

    /// plugin-abi.md, section 2: another major version is refused, and so is a newer minor one.
    private static func checkVersion(of stamp: Stamp, in file: PluginFile, host: BuildVersions) throws(LoadError) {
        let built = stamp.versions
        guard built.abi.major == host.abi.major, built.abi.minor <= host.abi.minor else {
            let header = "kong_plugin.h of ABI \(host.abi)"
            let pdk = host.pdk.isEmpty ? header : "KongPDK \(host.pdk), or in C against \(header)"
            let isNewer = (built.abi.major, built.abi.minor) > (host.abi.major, host.abi.minor)
            throw file.refusal(
                built.abi.major == host.abi.major ? .abiMinor : .abiMajor, LoadError.differentVersion(ofPackage: "KongPDK"),
                plugin: "\(built)", host: "\(host)",
                fix:
                    "rebuild \(file.name) with \(pdk)\(isNewer ? "; or update swift-pluginserver to one of ABI \(built.abi)" : "")"
            )
        }
    }

    private static func checkEntry(
        _ symbol: ELFSymbol?, named name: String, _ isRight: (ELFSymbol) -> Bool, as kind: String, in file: PluginFile
    ) throws(LoadError) {
        if let symbol, isRight(symbol) { return }
        throw file.refusal(
            .missingEntry, "it does not export \(name)",
            plugin: symbol.map { "\(name) is \($0.kind)" } ?? "\(name) is not among its symbols",
            host: "needs \(name), \(kind)",
            fix:
                "build it with KongPDK; in C, define \(name) as kong_plugin.h declares it, and export it (visibility, version script)"
        )
    }
}

extension Stamp {
    /// The stamp of any library, for those that are refused; `nil` if it has none that can be read.
    init?(of image: ELFImage) {
        let exported = (try? image.symbol(named: CheckedPlugin.stampSymbol)).flatMap { try? image.note(at: $0.address) }
        guard let note = ([exported].compactMap(\.self) + image.notes()).first(where: \.isStamp),
            let stamp = try? Stamp(note.description)
        else { return nil }
        self = stamp
    }
}

extension ELFNote {
    /// Whether it is a stamp: `kong_stamp_note` of `kong_plugin.h`.
    fileprivate var isStamp: Bool { owner == KONG_STAMP_OWNER && type == UInt32(KONG_STAMP_NOTE_TYPE) }
}
