import Foundation

/// A directory of plugins: links with the names that Kong shall know them by.
enum Plugins {
    /// The plugins of the recorded conversations.
    static let recorded = [
        "goplug": "recorded_goplug", "noop": "recorded_noop", "tencalls": "recorded_tencalls", "zoo": "recorded_zoo",
    ]
    static let goodAndBad = ["goplug": "recorded_goplug", "tencalls": "recorded_tencalls", "misbehaving": "misbehaving"]

    /// - Parameter plugins: the built plugin for each name.
    static func link(_ plugins: [String: String], into directory: String) throws {
        for (name, target) in plugins {
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/\(name).so", withDestinationPath: "\(Program.folder)/lib\(target).so")
        }
    }

    /// Builds a plugin in C from the whole of its source but the header and the stamp.
    static func compile(_ source: String, named name: String, into directory: String) throws {
        try CSource.compile(
            """
            #include "kong_plugin.h"
            KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "", "cc")
            \(source)
            """, to: "\(directory)/\(name).so")
    }

    /// A plugin in C, for `compileWhole`, whose handler of the log phase says "at the gate" and holds its loop until the file `gate` of its
    /// configuration is there.
    static let holder = """
        #include "kong_pdk.h"
        #include <stdio.h>
        #include <unistd.h>

        struct config { const char *gate; };
        static const kong_field fields[] = {KONG_FIELD(struct config, gate, "required: true")};

        static kong_status handle(const kong_pdk *kong, const struct config *config) {
            (void)kong;
            fprintf(stderr, "at the gate\\n");
            while (access(config->gate, F_OK) != 0) usleep(1000);
            return KONG_OK;
        }

        KONG_PLUGIN_WITH(0, "1.0.0", 1, sizeof(struct config), fields, KONG_COUNT(fields),
                         KONG_HANDLER(KONG_LOG, handle, struct config))
        """

    /// Builds a plugin in C that brings its own stamp. What it calls a typed function with has to be of its types.
    static func compileWhole(_ source: String, named name: String, into directory: String) throws {
        let parts = try TemporaryDirectory()
        try parts.write(source.utf8, to: "source.c")
        try TestSupport.run(
            "clang",
            [
                "-Werror=incompatible-pointer-types", "-Werror=int-conversion", "-I", CSource.headers, "-shared", "-fPIC",
                parts.file("source.c"), "-o", "\(directory)/\(name).so",
            ] + Program.extra("CFLAGS"))
    }
}
