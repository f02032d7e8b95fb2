// Unsafe pointers: both values are read where they are.

import CKongPlugin

/// Holds a configuration against the schema that it is for, as Kong has done before it sent it.
///
/// For plugins whose configurations become structs of C: whatever sends it, what a plugin relies on is so.
public enum ConfigurationCheck {
    /// What may be spent on one configuration; when it is used up, the rest is taken to be right.
    private static let steps = 1_000_000

    /// What is wrong with the configuration, as "config.times: 11, takes a number between 1 and 10 there"; nil if nothing is.
    /// - Parameter schema: the `config_schema` of a descriptor, one that Kong takes.
    public static func complaint(
        about config: UnsafePointer<kong_value>, schema: UnsafePointer<kong_value>
    ) -> String? {
        var altered: [LuaValue.Altered] = []
        do throws(LuaValue.Unreadable) {
            guard let definition = try LuaValue(schema, noting: &altered).table else { return "its schema is no table" }
            guard var record = try LuaValue(config, noting: &altered).table else { return "config: it is no table" }
            // Kong's own, which no schema has.
            for key in record.keys where key.text.hasPrefix("__") { record[key] = nil }
            var check = DefaultCheck(steps: steps)
            guard let mismatch = check.mismatch(of: .table(record), with: definition) else { return nil }
            return "config\(mismatch.place): \(mismatch.found), \(mismatch.wanted)"
        } catch {
            return "\(error.path): \(error.found), \(error.wanted)"
        }
    }
}
