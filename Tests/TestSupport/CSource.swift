import Foundation

/// The source of a plugin in C, as far as the tests vary it, and the compiler that makes a real `.so` of it.
package struct CSource {
    /// The stamp; empty for none.
    package var stamp = #"KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "0.1.0", "cc of the tests")"#
    /// More at file scope.
    package var extra = ""
    /// Statements that change the descriptor.
    package var descriptor = ""
    /// The body of kong_plugin_open, or the definition of something else by that name.
    package var open = "OPEN { \(Self.describe) return &plugin; }"
    package var version = "1.2.3"

    package static let describe = "describe();"

    package init() {}

    /// A plugin that does something when it is opened, before it says what it is.
    package init(opening statements: String, extra: String = "") {
        self.extra = "#include <fcntl.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n\(extra)"
        open = "OPEN { \(statements) \(Self.describe) return &plugin; }"
    }

    /// A stamp of any version, in bytes that the macro of the header would not write.
    package static func stamp(
        major: Int, minor: Int, size: Int = 176, noteSize: Int? = nil, pdk: String = "0.9.0", toolchain: String = "swift 6.2.1",
        owner: String = "Kong", section: String = ".note.kong.plugin"
    ) -> String {
        let more = (noteSize ?? size) - 176
        return """
            struct { uint32_t name_size, stamp_size, note_type; char name[8]; kong_stamp stamp; char more[\(max(more, 1))]; } kong_plugin_abi_;
            KONG_EXPORT const __typeof__(kong_plugin_abi_) kong_plugin_abi __attribute__((section("\(section)"), used, aligned(4))) = {
                5, \(noteSize ?? size), 1, "\(owner)", {\(size), \(major), \(minor), 3, 0, {0}, "\(pdk)", "\(toolchain)"}, {0}};
            """
    }

    /// A constructor that leaves a file behind: the proof that code of the plugin ran.
    package static func constructor(creating path: String) -> String {
        """
        #include <fcntl.h>
        __attribute__((constructor)) static void leave_a_mark(void) { open("\(path)", O_CREAT | O_WRONLY, 0600); }
        """
    }

    /// A constructor that notes in which process it ran.
    package static func constructor(notingPIDIn path: String) -> String {
        """
        #include <stdio.h>
        #include <unistd.h>
        __attribute__((constructor)) static void note(void) {
            FILE *file = fopen("\(path)", "a");
            if (file) { fprintf(file, "%d\\n", (int)getpid()); fclose(file); }
        }
        """
    }

    /// What a plugin needs that says what it is by itself, and has no configuration: `text` and `value` make strings, and
    /// `describe(start, handle)` is what kong_plugin_open returns for one that handles access.
    package static let accessPlugin = """
        #include <string.h>
        static kong_string text(const char *s) { return (kong_string){s, strlen(s)}; }
        static kong_value value(const char *s) { kong_value v = {.type = KONG_STRING}; v.string = text(s); return v; }
        static const kong_plugin *describe(__typeof__(((kong_plugin *)0)->start) start, __typeof__(((kong_plugin *)0)->handle) handle) {
            static kong_value schema = {.type = KONG_MAP};
            static kong_entry entries[2];
            static kong_plugin plugin;
            entries[0] = (kong_entry){text("type"), value("record")};
            entries[1].key = text("fields");
            entries[1].value.type = KONG_ARRAY;
            schema.map = (kong_map){entries, 2};
            plugin.size = sizeof plugin;
            plugin.version = text("1.0.0");
            plugin.phases = KONG_PHASE_BIT(KONG_ACCESS);
            plugin.config_schema = &schema;
            plugin.start = start;
            plugin.handle = handle;
            return &plugin;
        }

        """

    private var text: String {
        """
        #include "kong_plugin.h"
        \(stamp)
        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {}
        static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) { return NULL; }
        static const kong_entry schema_entries[] = {
            {{"type", 4}, {.type = KONG_STRING, .string = {"record", 6}}}, {{"fields", 6}, {.type = KONG_ARRAY}}};
        static const kong_value schema = {.type = KONG_MAP, .map = {schema_entries, 2}};
        static kong_plugin plugin;
        \(extra)
        static void describe(void) {
            plugin.size = sizeof plugin;
            plugin.version = (kong_string){"\(version)", sizeof "\(version)" - 1};
            plugin.priority = 7;
            plugin.phases = KONG_PHASE_BIT(KONG_ACCESS) | KONG_PHASE_BIT(KONG_LOG);
            plugin.config_schema = &schema;
            plugin.start = start;
            plugin.handle = handle;
            \(descriptor)
        }
        #define OPEN const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error)
        \(open)
        """
    }

    package func build(to path: String, _ arguments: String...) throws {
        try Self.compile(text, to: path, ["-shared"] + arguments)
    }

    /// Builds it with Swift code in it, as KongPDK makes plugins.
    /// - Parameter flags: of swiftc.
    package func build(to path: String, swift code: String, _ flags: String...) throws {
        let parts = try TemporaryDirectory()
        try Self.compile(text, to: parts.file("plugin.o"), ["-c"])
        try parts.write(code.utf8, to: "work.swift")
        try run(
            "swiftc",
            flags + ["-module-name", "Work", "-emit-library", parts.file("work.swift"), parts.file("plugin.o"), "-o", path])
    }

    /// Compiles the whole source of something.
    package static func compile(_ text: String, to path: String, _ arguments: [String] = ["-shared"]) throws {
        // Not where the plugins are: somebody may be looking at them.
        let parts = try TemporaryDirectory()
        try parts.write(text.utf8, to: "source.c")
        try run("clang", ["-w", "-I", headers, "-fPIC", parts.file("source.c"), "-o", path] + arguments)
    }

    package static let headers = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Sources/CKongPlugin/include").path

    /// A good plugin's file, built once.
    package static let goodBytes = bytes(of: CSource())

    package static func bytes(of source: CSource, _ argument: String = "-O1") -> [UInt8] {
        do {
            let directory = try TemporaryDirectory()
            try source.build(to: directory.file("good.so"), argument)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: directory.file("good.so"))))
        } catch {
            fatalError("the tests need a C compiler: \(error)")
        }
    }
}
