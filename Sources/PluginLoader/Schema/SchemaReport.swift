// Unsafe pointers: is given the value that a plugin's descriptor points to.

import CKongPlugin

/// Whether Kong will accept the schema of a plugin's configuration, and why not.
///
/// Kong holds the schema against its meta-schema when it starts, and refuses to start if it does not fit
/// (kong/db/schema/plugin_loader.lua, `load_subschema`). A report that refuses a schema says the same beforehand.
public struct SchemaReport: Sendable {
    /// What is wrong: first what no Kong takes, then what only some take, then what is taken but does not work.
    public let findings: [SchemaFinding]
    /// The releases of Kong that take the schema.
    public let acceptedBy: KongReleases

    /// Whether no Kong takes the schema.
    public var isRefused: Bool { acceptedBy.isEmpty }

    /// Checks the `config_schema` of a plugin's descriptor.
    public init(of schema: UnsafePointer<kong_value>) {
        var check = SchemaCheck()
        var altered: [LuaValue.Altered] = []
        do {
            check.checkConfig(try LuaValue(schema, noting: &altered))
        } catch {
            check.note(error.path, error.found, error.wanted, error.fix)
        }
        for note in altered { check.warn(note.path, note.found, note.wanted, note.fix) }
        self.init(check)
    }

    init(_ check: SchemaCheck) {
        acceptedBy = KongReleases.all.subtracting(check.refusedBy)
        let rank = { (finding: SchemaFinding) in finding.isError ? 0 : finding.refusedBy.isEmpty ? 2 : 1 }
        findings = check.findings.enumerated()
            .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }
}

extension PluginFile {
    /// The refusal of a plugin whose schema no Kong takes; nil for all others.
    func refusal(_ report: SchemaReport) -> LoadError? {
        guard report.isRefused, let first = report.findings.first else { return nil }
        let more = report.findings.filter { $0.isError == first.isError && !$0.refusedBy.isEmpty }.count - 1
        let reason =
            first.isError
            ? "Kong would refuse its configuration schema\(more > 0 ? ", for this and \(more) more" : "")"
            : "no version of Kong takes all of its configuration schema"
        return refusal(
            .badSchema, reason, plugin: "\(first.path): \(first.found)",
            host: "Kong \(first.isError ? "" : "\(first.refusedBy) ")\(first.wanted)", fix: "in \(first.path): \(first.fix)")
    }
}
