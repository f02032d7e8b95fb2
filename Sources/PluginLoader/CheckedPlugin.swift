import CKongPlugin

/// A plugin whose file has passed every check that runs nothing of it. Only such a one can be opened.
///
/// It holds the file open: what is loaded later is this file, whatever is called by its name then.
public struct CheckedPlugin: Sendable {
    public let file: PluginFile
    public let image: ELFImage
    public let stamp: Stamp
    public let runtime: SwiftRuntime
    /// The host that it was checked for.
    let host: BuildVersions
    /// The stamp with its note around it, byte for byte.
    let stampNote: ELFNote

    public var name: PluginName { file.name }
    public var path: String { file.path }

    private static let openSymbol = KONG_PLUGIN_OPEN_SYMBOL
    static let stampSymbol = KONG_STAMP_SYMBOL

    /// Checks a file. What is said first is what explains most: a file for another machine is not blamed for its
    /// stamp, nor one of another ABI for its entry.
    public init(_ file: PluginFile, host: BuildVersions) throws(LoadError) {
        let stampSymbol: ELFSymbol?
        let openSymbol: ELFSymbol?
        do throws(ELFError) {
            image = try ELFImage(file.bytes)
            stampSymbol = try image.symbol(named: Self.stampSymbol)
            openSymbol = try image.symbol(named: Self.openSymbol)
        } catch {
            throw file.refusal(error)
        }
        self.file = file
        self.host = host
        stampNote = try Self.findStamp(in: image, stampSymbol, of: file)
        stamp = try Self.readStamp(stampNote, of: file)
        try Self.checkVersion(of: stamp, in: file, host: host)
        try Self.checkEntry(stampSymbol, named: Self.stampSymbol, \.isObject, as: "data", in: file)
        try Self.checkEntry(openSymbol, named: Self.openSymbol, \.isFunction, as: "a function", in: file)
        runtime = try SwiftRuntime(of: image, stamp: stamp, in: file, host: host)
    }

    /// The runtime as it is now: what another plugin has loaded since the check may decide it otherwise.
    func checkRuntimeAgain() throws(LoadError) {
        _ = try SwiftRuntime(of: image, stamp: stamp, in: file, host: host)
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

extension ELFNote {
    /// Whether it is a stamp: `kong_stamp_note` of `kong_plugin.h`.
    fileprivate var isStamp: Bool { owner == KONG_STAMP_OWNER && type == UInt32(KONG_STAMP_NOTE_TYPE) }
}
