/// Sources of plugins in C, for what a plugin in Swift would not do.
enum CPlugin {
    /// `kong_plugin_open` of a plugin in C: does something, and then is a plugin.
    static func source(_ statements: String, extra: String = "") -> String {
        """
        #include <stdio.h>
        #include <stdlib.h>
        #include <fcntl.h>
        #include <unistd.h>
        #include <signal.h>
        \(extra)
        static void start(const kong_plugin *p, kong_start s, kong_loop l, const kong_value *c) {}
        static void *handle(const kong_plugin *p, void *i, kong_phase f, kong_event e, kong_loop l) { return NULL; }
        static kong_value none = {.type = KONG_ARRAY};
        static kong_entry entries[2];
        static kong_value schema = {.type = KONG_MAP};
        static kong_plugin plugin;
        const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {
            \(statements)
            entries[0].key = (kong_string){"type", 4};
            entries[0].value.type = KONG_STRING;
            entries[0].value.string = (kong_string){"record", 6};
            entries[1].key = (kong_string){"fields", 6};
            entries[1].value = none;
            schema.map = (kong_map){entries, 2};
            plugin.size = sizeof plugin;
            plugin.version = (kong_string){"1.0.0", 5};
            plugin.phases = KONG_PHASE_BIT(KONG_ACCESS);
            plugin.config_schema = &schema;
            plugin.start = start;
            plugin.handle = handle;
            return &plugin;
        }
        """
    }

    /// A constructor that notes in which process it ran.
    static func noting(_ file: String) -> String {
        """
        __attribute__((constructor)) static void note(void) {
            FILE *file = fopen("\(file)", "a");
            if (file) { fprintf(file, "%d\\n", (int)getpid()); fclose(file); }
        }
        """
    }
}
