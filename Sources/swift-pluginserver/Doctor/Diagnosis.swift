import PluginLoader

/// What was found of one thing that the server needs: three parts, as a refusal has them, or one if all is well.
struct Diagnosis: Encodable {
    enum Severity: String, Encodable, CaseIterable {
        case ok
        /// Worth knowing; nothing is wrong.
        case note
        /// Works, but not for long, not everywhere, or not as it seems to be meant.
        case warning
        /// Does not work.
        case problem
    }

    /// What it is about, in the order of the report.
    enum Area: String, Encodable, CaseIterable {
        case server, prefix, plugins, socket, kong

        var title: String {
            switch self {
            case .server: "The server"
            case .prefix: "Kong's prefix directory"
            case .plugins: "Plugins"
            case .socket: "The socket"
            case .kong: "Kong's settings"
            }
        }
    }

    let area: Area
    let code: Code
    let severity: Severity
    /// A path, or the name of a setting.
    let subject: String
    let message: String
    let found: String?
    let wanted: String?
    let fix: String?

    /// Texts may come from files, and are made printable here. Commands in `fix` have been quoted before.
    private init(
        _ severity: Severity, _ code: Code, _ subject: String, _ message: String, found: String?, wanted: String?, fix: String?
    ) {
        area = code.area
        self.code = code
        self.severity = severity
        self.subject = subject.printable
        self.message = message.printable
        self.found = found?.printable
        self.wanted = wanted?.printable
        self.fix = fix?.printable
    }

    static func ok(_ code: Code, _ subject: String, _ message: String) -> Diagnosis {
        Diagnosis(.ok, code, subject, message, found: nil, wanted: nil, fix: nil)
    }

    static func note(_ code: Code, _ subject: String, _ message: String, fix: String? = nil) -> Diagnosis {
        Diagnosis(.note, code, subject, message, found: nil, wanted: nil, fix: fix)
    }

    static func warning(
        _ code: Code, _ subject: String, _ message: String, found: String, wanted: String, fix: String
    ) -> Diagnosis {
        Diagnosis(.warning, code, subject, message, found: found, wanted: wanted, fix: fix)
    }

    static func problem(
        _ code: Code, _ subject: String, _ message: String, found: String, wanted: String, fix: String
    ) -> Diagnosis {
        Diagnosis(.problem, code, subject, message, found: found, wanted: wanted, fix: fix)
    }

    /// For a rule of some versions of Kong only: a problem where that version runs, something else where it is not known
    /// which one does, and nothing elsewhere.
    static func forVersions(
        _ range: KongVersion.Range, of version: KongVersion?, otherwise: Severity, _ code: Code, _ subject: String,
        _ message: String, found: String, wanted: String, fix: String
    ) -> Diagnosis? {
        switch range.contains(version) {
        case false: nil
        case true: problem(code, subject, message, found: found, wanted: wanted, fix: fix)
        default:
            Diagnosis(
                otherwise, code, subject, "\(message) (\(range); --kong-version says which one it is)", found: found,
                wanted: wanted, fix: fix)
        }
    }
}
