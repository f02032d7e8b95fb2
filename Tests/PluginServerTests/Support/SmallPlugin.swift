import Foundation
import TestSupport
import Testing

/// A plugin in C that is built within a moment: it tells the service its version, and what it is configured with.
struct SmallPlugin {
    var version = "1.0.0"
    /// Attributes of its field `text`.
    var text = "default: 'as ever'"

    static let header = "x-small"

    func build(named name: String, into directory: String) throws {
        try Plugins.compileWhole(
            """
            #include "kong_pdk.h"
            #include <stdio.h>
            struct config { const char *text; };
            static const kong_field fields[] = {KONG_FIELD(struct config, text, "\(text)")};
            static kong_status handle(const kong_pdk *kong, const struct config *config) {
                char value[200];
                snprintf(value, sizeof value, "\(version) %s", config->text);
                return kong->service_request->set_header(kong, "\(Self.header)", value);
            }
            KONG_PLUGIN("\(version)", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config))
            """, named: name, into: directory)
    }

    /// Its file, in the place of another one, as installers do it.
    func install(named name: String, into directory: String) throws {
        let parts = try TemporaryDirectory()
        try build(named: name, into: parts.path)
        try Self.move(Data(contentsOf: URL(fileURLWithPath: parts.file("\(name).so"))), to: "\(directory)/\(name).so")
    }

    /// Bytes in the place of a file, all at once.
    static func move(_ bytes: Data, to path: String) throws {
        let temporary = "\(path).new"
        try bytes.write(to: URL(fileURLWithPath: temporary))
        chmod(temporary, 0o755)
        guard rename(temporary, path) == 0 else { throw TestFailure("rename: errno \(errno)") }
    }
}
