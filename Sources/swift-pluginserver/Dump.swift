import ArgumentParser
import Logging
import PluginLoader
import PluginServer
import WireProtocol

/// The dumps: what Kong asks of plugins before it starts. Standard output holds the dump and nothing else.
struct Dump: ~Copyable {
    private let directory: String
    private let policy: PluginPolicy
    private let logger: Logger
    private let diagnostics: Diagnostics?
    private let output = StandardOutput()

    init(_ location: PluginsLocation, _ judging: JudgingOptions, _ logger: Logger, _ diagnostics: Diagnostics?) {
        directory = location.pluginsPath
        policy = judging.policy
        self.logger = logger
        self.diagnostics = diagnostics
    }

    /// One plugin as a MessagePack map: what Kong 2.0 - 2.8 asks go_pluginserver_exe for.
    func pluginInfo(_ name: String) throws {
        var bytes = ByteQueue()
        try plugin(name, of: load(only: name)).value.appendMessagePack(to: &bytes)
        try write(Array(bytes.bytes))
    }

    /// All plugins as a JSON array.
    func all() throws {
        let plugins = try load(only: nil).descriptions
        try write(JSONValue.array(plugins.map(\.value)))
    }

    /// What pluginserver_X_query_cmd is for.
    func forKong(only name: String?, _ wireProtocol: NamedProtocol, socket: String) throws {
        let set = try load(only: name)
        let plugins: [PluginDescription]
        if let name {
            plugins = [try plugin(name, of: set)]
        } else {
            plugins = set.descriptions
            // An empty list is an error in Lua that names nothing; Kong shows its own words for a failed query.
            if plugins.isEmpty { throw failure("there is no plugin that can be loaded in \(directory.printable)") }
        }
        try write(
            .object([
                "Protocol": .string(wireProtocol.kongName), "SocketPath": .string(socket),
                "Plugins": .array(plugins.map(\.value)),
            ]))
    }

    private func load(only name: String?) throws -> PluginSet {
        do {
            return try PluginSet.describing(
                directory, only: name, policy: policy, logger: logger, diagnostics: diagnostics)
        } catch {
            // The log has it.
            throw ExitCode(1)
        }
    }

    private func plugin(_ name: String, of set: PluginSet) throws -> PluginDescription {
        guard let plugin = set.descriptions.first(where: { $0.name == name }) else {
            throw set.hasRefused(name) ? ExitCode(1) : failure("\(set.reasonForAbsence(of: name))\n  fix: \(fix(forMissing: name))")
        }
        return plugin
    }

    /// Which names there are, whatever their files are worth.
    private func fix(forMissing name: String) -> String {
        let findings = (try? PluginDirectory(path: directory, options: policy.check).findings) ?? []
        let names = Set(findings.compactMap { $0.name?.description }).sorted()
        if let nearest = Spelling.nearest(to: name, among: names) { return "did you mean \(nearest)?" }
        if names.isEmpty { return "there is no plugin at all in \(directory.printable): give the directory with -plugins-directory PATH" }
        return "put its file there, or name one that is: \(names.prefix(20).joined(separator: ", "))\(names.count > 20 ? ", …" : "")"
    }

    private func failure(_ message: String) -> ExitCode {
        logger.error("\(message)")
        return ExitCode(1)
    }

    private func write(_ value: JSONValue) throws { try write(Array("\(value.text)\n".utf8)) }

    private func write(_ bytes: [UInt8]) throws {
        guard output.write(bytes) else { throw failure("nobody takes the dump from standard output") }
    }
}
