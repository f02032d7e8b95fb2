// Unsafe pointers: a schema is handed to the loader as a plugin's descriptor would.

import PluginLoader
import Testing

@testable import KongPDK

/// The schemas that are made here, held against Kong's rules for schemas.
@Suite struct ConfigMetaSchemaTests {
    private func report(_ type: (some PluginConfig).Type) throws -> SchemaReport {
        report(of: try ConfigSchema(type).value)
    }

    private func report(of schema: Value) -> SchemaReport {
        schema.withKongValue { value in withUnsafePointer(to: value) { SchemaReport(of: $0) } }
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

    /// As Kong holds a default against its field, so it does a user's value.
    @Test(
        arguments: [
            ("host", ["example.com", "localhost", "a_b.c", "_srv.x", "1.2.3.4", "::1", "[::1]", "fe80::1"]),
            ("ip", ["1.2.3.4", "::1", "::ffff:1.2.3.4"]),
            ("url", ["https://a", "http://a:80/x?y#z", "redis://[::1]:6379"]),
            ("path", ["/", "/a/b", "/a%2F", "/a;b=c@d!$&'()*+,~:"]),
            ("http_method", ["GET", "PATCH"]),
            ("header_name", ["X-Swift", "x_1"]),
        ] as [(String, [String])])
    func readyMadeConstraintsTakeWhatTheyShould(name: String, values: [String]) throws {
        for value in values { #expect(try takes(value, name), "\(value)") }
    }

    @Test(
        arguments: [
            ("host", ["", "localhost:80", "1.2.3.4:80", "[::1]:80", "-x", "a b", "http://a"]),
            ("ip", ["abc", "1.2.3", "1.2.3.4/8", "1.2.3.4.5", ":1"]),
            ("url", ["a.b", "//a", "http:///x", "http://a b", "1http://a", "/a"]),
            ("path", ["", "a", "/a//b", "/a%2", "/a%zz", "/a%", "/a b", "/\u{e4}", "/a[b"]),
            ("http_method", ["get", "G-T", ""]),
            ("header_name", ["a b", "a:", "\u{e4}"]),
        ] as [(String, [String])])
    func readyMadeConstraintsRefuseWhatTheyShould(name: String, values: [String]) throws {
        for value in values { #expect(try !takes(value, name), "\(value)") }
    }

    private struct Typedefs: PluginConfig {
        @Field(.host) var host: String? = nil
        @Field(.ip) var ip: String? = nil
        @Field(.url) var url: String? = nil
        @Field(.path) var path: String? = nil
        @Field(.httpMethod) var httpMethod: String? = nil
        @Field(.headerName) var headerName: String? = nil
    }

    private func takes(_ value: String, _ name: String) throws -> Bool {
        let fields = try ConfigSchema<Typedefs>().value["fields"]?.arrayValue ?? []
        let found = fields.compactMap { $0[name]?.mapValue }.first
        var definition = try #require(found)
        definition["default"] = .string(value)
        let report = report(of: ["type": "record", "fields": [[name: .map(definition)]]])
        // Nothing but the default can be wrong.
        #expect(report.findings.allSatisfy { $0.found.hasPrefix("default is") })
        return report.acceptedBy == .all
    }
}
