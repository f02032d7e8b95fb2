import Foundation
import PluginConformance
import Testing

/// `Tests/Fixtures/conformance/plugin.c`, changed in a place or two.
struct BrokenPlugin: Sendable, CustomTestStringConvertible {
    typealias Change = (old: String, new: String)

    let name: String
    /// The rule that it breaks; nil: none.
    let rule: Rule.ID?
    /// What the finding has.
    let found: String
    /// Whether what is wrong with it is that it does not answer: then nobody shall wait long.
    let isSilent: Bool
    private let changes: [Change]

    init(_ name: String, _ rule: Rule.ID, _ found: String, isSilent: Bool = false, _ changes: Change...) {
        self.name = name
        self.rule = rule
        self.found = found
        self.isSilent = isSilent
        self.changes = changes
    }

    init(keepingAll name: String, _ changes: Change...) {
        self.name = name
        rule = nil
        found = ""
        isSilent = false
        self.changes = changes
    }

    var testDescription: String { name }

    /// Builds it, and returns its file.
    func build(into directory: String) throws -> String {
        var source = try String(contentsOfFile: "\(Plugins.package)/Tests/Fixtures/conformance/plugin.c", encoding: .utf8)
        for (old, new) in changes {
            guard source.contains(old) else { throw TestFailure("\(name): the plugin has no \(old)") }
            source = source.replacingOccurrences(of: old, with: new)
        }
        try CSource.compile(source, to: "\(directory)/plugin.so")
        return "\(directory)/plugin.so"
    }
}

// MARK: - Changes that several make

extension BrokenPlugin {
    /// All calls and completions wait for Kong where they are made.
    static let blocking: Change = (".flags = 0", ".flags = KONG_PLUGIN_BLOCKING")
    static let noMethods: Change = ("if (get_header == 0 || set_header == 0) {", "if (0) {")
    static let unnoticedCancelling: Change = (
        "if (status != KONG_OK) return finish(work", "if (status == KONG_CANCELLED) return; if (status != KONG_OK) return finish(work"
    )

    /// What is done before something else.
    static func before(_ place: String, _ statements: String) -> Change { (place, "\(statements)\n\(place)") }
    static func after(_ place: String, _ statements: String) -> Change { (place, "\(place)\n\(statements)") }

    static let finishing = "the_host->finish(the_host, work->event, status, text(message));"
    static let starting = "the_host->started(the_host, start, KONG_OK, text(\"\"), instance);"
    static let refusing = "the_host->started(the_host, start, KONG_FAILED, text(\"greeting is no text\"), NULL);"
    static let stopping = "the_host->stopped(the_host, stop);"
    static let opening = "the_host = host;"
    static let handling = "struct work *work = calloc"
    static let asking = "status = the_host->call(the_host, event, get_header, &name, 1, answered, work, NULL);"
    static let lookingAtType = "if (result->type != KONG_STRING)"
    static let lookingAtStatus = "if (status != KONG_OK) return finish(work"
    static let lookingAtConfig = "if (!greeting || greeting->type != KONG_STRING) {"
    static let askedInVain = "if (status != KONG_OK) finish(work, status, \"the host"

    /// Does something on another thread, and waits until it is done.
    static func elsewhere(_ statements: String) -> Change {
        before(
            "static void finish(",
            """
            static void *elsewhere(void *context) {
                struct work *work = context;
                \(statements)
                return NULL;
            }
            static void on_another_thread(struct work *work) {
                pthread_t thread;
                pthread_create(&thread, NULL, elsewhere, work);
                pthread_join(thread, NULL);
            }
            """)
    }

    static let keeping: [BrokenPlugin] = [
        BrokenPlugin(keepingAll: "as it is"),
        BrokenPlugin(keepingAll: "blocking", blocking),
        BrokenPlugin(keepingAll: "without methods it fails its events", noMethods),
        BrokenPlugin(keepingAll: "without stop", (".stop = stop", ".stop = NULL")),
        BrokenPlugin(
            keepingAll: "it leaves the end to cancel", unnoticedCancelling,
            ("cannot be asked for\");\n    return NULL;", "cannot be asked for\");\n    return status == KONG_OK ? work : NULL;"),
            before(
                "static void *handle(",
                """
                static void cancel(const kong_plugin *plugin, kong_event event, void *handled) {
                    finish(handled, KONG_CANCELLED, "nobody waits");
                }
                """),
            (".cancel = NULL", ".cancel = cancel")),
        BrokenPlugin(
            keepingAll: "what was refused elsewhere is done on the loop",
            elsewhere(
                "if (set(work->event, \"x\", \"y\", 1) == KONG_WRONG_THREAD) the_host->schedule(the_host, work->loop, set_here, work);"),
            before("static kong_status set(", "static void set_here(void *context);"),
            before(
                "static void answered(",
                """
                static void set_here(void *context) {
                    struct work *work = context;
                    set(work->event, "x", "y", 1);
                    finish(work, KONG_OK, "");
                }
                """),
            ("finish(work, status, status == KONG_OK ? \"\" : \"x-host cannot be set\");",
             "if (status == KONG_OK) on_another_thread(work); else finish(work, status, \"x-host cannot be set\");")),
    ]
}
