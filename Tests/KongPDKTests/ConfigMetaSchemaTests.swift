// Unsafe pointers: a schema is handed to the loader as a plugin's descriptor would.

import PluginLoader
import Testing

@testable import KongPDK

/// The schemas that are made here, held against Kong's rules for schemas.
@Suite struct ConfigMetaSchemaTests {
    private func report(_ type: (some PluginConfig).Type) throws -> SchemaReport {
        try ConfigSchema(type).value.withKongValue { value in withUnsafePointer(to: value) { SchemaReport(of: $0) } }
    }

    @Test func everyConstraintIsTaken() throws {
        let report = try report(ConstrainedConfig.self)
        // What is left is what older versions do not know.
        #expect(report.findings.allSatisfy { !$0.isError && !$0.refusedBy.isEmpty }, "\(report.findings)")
        #expect(report.acceptedBy.description == "3.8 and later")
    }

    @Test func everyKindOfPropertyIsTaken() throws {
        #expect(try report(EverythingConfig.self).findings.isEmpty)
    }

    /// The table in the documentation of `FieldConstraint`.
    @Test func theVersionsThatTakeAConstraint() throws {
        struct Plain: PluginConfig { @Field(.lenMin(1), .match("x"), .err("no"), .unique, .auto, .isRegex) var a: String? = nil }
        struct Encrypted: PluginConfig { @Field(.encrypted) var a: String? = nil }
        struct Referenceable: PluginConfig { @Field(.referenceable) var a: String? = nil }
        struct Fraction: PluginConfig { @Field(.between(0.5...1)) var a: Double? = nil }
        struct Described: PluginConfig { @Field(.description("a description")) var a: Double? = nil }
        struct Example: PluginConfig { @Field(.examples(1, 2)) var a: Double? = nil }
        struct Deprecated: PluginConfig { @Field(.deprecated("no", removalInVersion: "2")) var a: Int? = nil }
        struct Replaced: PluginConfig { @Field(.deprecated("no", removalInVersion: "2", replacedBy: ["b"])) var a: Int? = nil }
        struct Exclusive: PluginConfig {
            @Field var a: Int? = nil
            @Field var b: Int? = nil
            static let checks: [ConfigCheck<Self>] = [.mutuallyExclusive(\.$a, \.$b)]
        }
        #expect(try report(Plain.self).acceptedBy == .all)
        #expect(try report(Encrypted.self).acceptedBy.description == "2.7 and later")
        #expect(try report(Referenceable.self).acceptedBy.description == "2.8 and later")
        #expect(try report(Fraction.self).acceptedBy.description == "3.4 and later")
        #expect(try report(Described.self).acceptedBy.description == "3.4 and later")
        #expect(try report(Example.self).acceptedBy.description == "3.6 and later")
        #expect(try report(Deprecated.self).acceptedBy.description == "3.7 and later")
        #expect(try report(Replaced.self).acceptedBy.description == "3.8 and later")
        #expect(try report(Exclusive.self).acceptedBy.description == "2.6 and later")
    }
}
