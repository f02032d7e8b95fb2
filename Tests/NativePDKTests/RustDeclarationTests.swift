import Foundation
import Testing

@testable import NativePDK

/// What `Plugins/hello-rust/kong` declares is what kong_pdk.h declares, as far as it goes.
@Suite struct RustDeclarationTests {
    private static let source = try? String(
        contentsOfFile: "\(HeaderTests.folder)/../../../Plugins/hello-rust/kong/pdk.rs", encoding: .utf8)

    /// The rows of each group, as they stand there.
    private func groups() throws -> [(name: String, rows: [String])] {
        let source = try #require(Self.source)
        let group = /group! {\n +\/\/\/ (?<kong>[a-z._]+)\n +(?<name>[a-z_]+): [A-Za-z]+ {\n(?<rows>[^}]*)}/
        return source.matches(of: group).map { match in
            #expect(match.kong == "kong." + (match.name == "service_request" ? "service.request" : match.name))
            let rows = match.rows.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            return (String(match.name), rows.filter { !$0.isEmpty })
        }
    }

    @Test func eachGroupBeginsAsTheHeadersDoes() throws {
        let groups = try groups()
        #expect(groups.map(\.name) == ["client", "log", "request", "response", "service", "service_request"])
        for (name, rows) in groups {
            let methods = NativeMethod.all.filter { $0.group == name }
            #expect(rows.count <= methods.count)
            for (row, method) in zip(rows, methods) {
                let wanted = Self.row(of: method)
                #expect(row == wanted || row.hasPrefix("\(method.function): "), "\(row) is not \(wanted ?? method.function)")
            }
        }
    }

    /// A method whose arguments and result are all of the kinds that there are.
    private static func row(of method: NativeMethod) -> String? {
        var arguments: [String] = []
        for parameter in method.parameters {
            let kind: String
            switch parameter.kind {
            case .text: kind = "text"
            case .integer: kind = "integer"
            case .number: kind = "number"
            case .boolean: kind = "boolean"
            case .bytes, .value, .values, .map: return nil
            }
            arguments.append("\(parameter.name): \(kind)")
        }
        let result: String
        switch method.result {
        case .string(let isOptional): result = isOptional ? " -> optional_bytes" : " -> bytes"
        case .body: result = " -> bytes"
        case .integer: result = " -> integer"
        case .number: result = " -> number"
        case .boolean: result = " -> boolean"
        case .optionalInteger, .value, .map, .structure: return nil
        case nil: result = ""
        }
        return "\(method.function)(\(arguments.joined(separator: ", ")))\(result);"
    }

    @Test func theGroupsAreWhereTheHeaderHasThem() throws {
        let source = try #require(Self.source)
        let structure = try #require(source.firstMatch(of: /pub struct Kong {\n([^}]*)}/)).1
        let members = structure.split(separator: "\n").compactMap { $0.firstMatch(of: /^ +(?:pub )?([a-z_]+):/)?.1 }
        var groups: [String] = []
        for method in NativeMethod.all where groups.last != method.group { groups.append(method.group) }
        #expect(members.map(String.init) == ["size", "phase", "event", "host", "error", "flush"] + groups)
    }
}
