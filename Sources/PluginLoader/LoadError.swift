/// Why a plugin, the directory of plugins, or its trust list was refused: a stable code, both sides, and what to do
/// about it.
public struct LoadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was refused.
    public enum Subject: Hashable, Sendable {
        case plugin(name: String, path: String)
        case directory(path: String)
        /// The trust list, without which no file is taken.
        case lock(path: String)

        public var path: String {
            switch self {
            case .plugin(_, let path), .directory(let path), .lock(let path): path
            }
        }
    }

    public let code: Code
    public let subject: Subject
    /// What is wrong, without the plugin's name or path.
    public let reason: String
    /// What was found.
    public let pluginSide: String
    /// What the host has or wants instead.
    public let hostSide: String
    /// What to do, to be followed literally.
    public let fix: String

    /// Texts may come from files: they are made printable here, for all uses.
    public init(_ code: Code, _ subject: Subject, reason: String, plugin: String, host: String, fix: String) {
        self.code = code
        self.subject = subject
        self.reason = reason.printable
        pluginSide = plugin.printable
        hostSide = host.printable
        self.fix = fix.printable
    }

    /// The first line. go-pluginserver's wording, since that is what people search for; as in Go's `plugin.Open`,
    /// the path loses its `.so` when versions differ, and only then.
    public var message: String {
        switch subject {
        case .plugin(let name, var path):
            if reason.hasPrefix(Self.differentVersion), path.hasSuffix(".so") { path.removeLast(3) }
            return "failed to open plugin \(name.printable): plugin.Open(\"\(path.printable)\"): \(reason)"
        case .directory(let path):
            return "failed to open plugins directory \"\(path.printable)\": \(reason)"
        case .lock(let path):
            return "failed to use trust list \"\(path.printable)\": \(reason)"
        }
    }

    /// The second line: both sides.
    public var detail: String {
        switch subject {
        case .plugin: "plugin: \(pluginSide)     host: \(hostSide)"
        case .directory: "directory: \(pluginSide)     host: \(hostSide)"
        case .lock: "trust list: \(pluginSide)     host: \(hostSide)"
        }
    }

    /// Three lines: what and its code, both sides, and what to do.
    public var description: String {
        "\(message) [\(code.rawValue)]\n  \(detail)\n  fix: \(fix)"
    }

    /// The same on one line, for something that was let pass.
    public var warning: String {
        let what =
            switch subject {
            case .plugin(let name, let path): "plugin \(name.printable), \(path.printable)"
            case .directory(let path): "plugins directory \(path.printable)"
            case .lock(let path): "trust list \(path.printable)"
            }
        return "\(what): \(reason) (\(code.rawValue): \(pluginSide)); let pass by \(CheckOptions.allowInsecureFlag)"
    }

    private static let differentVersion = "plugin was built with a different version of package "

    /// Go's words for a package that plugin and host were built with different versions of.
    static func differentVersion(ofPackage package: String) -> String { differentVersion + package }
}
