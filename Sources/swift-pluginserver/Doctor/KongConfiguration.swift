import FoundationEssentials
import PluginLoader

/// Kong's settings, as far as the server depends on them: from `kong.conf`, and from KONG_* in the environment, which
/// count for more.
struct KongConfiguration {
    struct Setting {
        let value: String
        /// "/etc/kong/kong.conf:12", "KONG_PREFIX".
        let origin: String
    }

    /// Where Kong looks if it is given no file.
    static let defaultPaths = ["/etc/kong/kong.conf", "/etc/kong.conf"]

    /// The file that was read, or could not be; `nil` if there is none.
    let path: String?
    let file: KongConfigurationFile?
    /// Why there is a path and no file.
    let unreadable: KongConfigurationFile.Unreadable?
    private let environment: [String: String]

    /// - Parameter path: the file that was asked for.
    init(path asked: String?, environment: [String: String]) {
        self.environment = environment.filter { $0.key.hasPrefix(Self.environmentPrefix) }
        path = asked ?? Self.defaultPaths.first { FileStatus(path: $0) != nil }
        guard let path else {
            file = nil
            unreadable = nil
            return
        }
        do throws(KongConfigurationFile.Unreadable) {
            file = try KongConfigurationFile(path: path)
            unreadable = nil
        } catch {
            file = nil
            unreadable = error
        }
    }

    private static let environmentPrefix = "KONG_"

    /// The variables, by name.
    var variables: [String] { environment.keys.sorted() }

    /// Whether there is nothing to go by.
    var isEmpty: Bool { path == nil && environment.isEmpty }

    /// A setting that is set, and not to nothing: an empty variable takes back what the file says.
    subscript(key: String) -> Setting? {
        let setting = self.raw(key)
        return setting.flatMap { $0.value.isEmpty ? nil : $0 }
    }

    private func raw(_ key: String) -> Setting? {
        let variable = Self.variable(for: key)
        if let value = environment[variable] { return Setting(value: String(value[...].trimmed), origin: variable) }
        guard let path, let entry = file?.entries[key] else { return nil }
        return Setting(value: entry.value, origin: "\(path):\(entry.line)")
    }

    static func variable(for key: String) -> String { environmentPrefix + key.uppercased() }

    /// The items of a list: Kong's are divided by commas. `nil` if it is not set at all, which is not the same as empty.
    func list(_ key: String) -> [String]? {
        raw(key).map { $0.value.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty } }
    }

    /// Whatever is set under a name that begins so.
    func keys(withPrefix prefix: String) -> [String] {
        let variables = environment.keys.map { $0.dropFirst(Self.environmentPrefix.count).lowercased() }
        return Set(variables + (file?.entries.keys.map(\.self) ?? [])).filter { $0.hasPrefix(prefix) }.sorted()
    }

    // MARK: Settings

    static let defaultPrefix = "/usr/local/kong"

    /// Kong's prefix directory, without a slash at its end.
    var prefix: String {
        var path = self["prefix"]?.value ?? Self.defaultPrefix
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// The user of nginx's workers, if it is set.
    var nginxUser: Setting? { self["nginx_main_user"] ?? self["nginx_user"] }

    static let defaultUser = "kong"

    var logLevel: String { self["log_level"]?.value ?? "notice" }

    /// The plugins that Kong loads, besides its own; `nil` if none at all.
    var enabledPlugins: Set<String>? {
        let names = list("plugins") ?? ["bundled"]
        // "off" counts in the first place only.
        return names.first == "off" ? nil : Set(names).subtracting(["bundled", "off"])
    }
}
