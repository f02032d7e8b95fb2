import KongPDK
import Testing

@testable import PluginLoader

/// A list of strings in a plugin's schema, and whether Kong would take an entry: as far as these tests' lists have
/// constraints.
struct KongList {
    private let elements: KongPDK.Value

    /// - Parameter path: as "remove.headers".
    init(_ path: String, of config: (some PluginConfig).Type) throws {
        var field = try ConfigSchema(config).value
        for name in path.split(separator: ".") {
            let fields = try #require(field["fields"]?.arrayValue)
            field = try #require(fields.compactMap { $0[String(name)] }.first)
        }
        elements = try #require(field["elements"])
    }

    func takes(_ entry: String) throws -> Bool {
        let known: Set = ["type", "match", "match_all", "match_none", "len_min"]
        #expect((elements.mapValue ?? [:]).keys.allSatisfy(known.contains))
        // Kong takes no empty string unless len_min is 0.
        guard !entry.isEmpty else { return false }
        if let pattern = elements["match"]?.stringValue, try !isFound(pattern, in: entry) { return false }
        let all = try patterns("match_all").allSatisfy { try isFound($0, in: entry) }
        let none = try !patterns("match_none").contains { try isFound($0, in: entry) }
        return all && none
    }

    private func patterns(_ name: String) -> [String] {
        (elements[name]?.arrayValue ?? []).compactMap { $0["pattern"]?.stringValue }
    }

    private func isFound(_ pattern: String, in text: String) throws -> Bool {
        var steps = 100_000
        return try LuaPattern(LuaString(pattern)).isFound(in: LuaString(text), steps: &steps)
    }
}
