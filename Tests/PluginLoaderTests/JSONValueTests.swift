import Testing

@testable import PluginLoader

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("null", JSONValue.null), ("true", .boolean(true)), ("-7", .integer(-7)), ("1.5", .number(1.5)),
        ("1e3", .integer(1000)), ("\"a\\\"[\"", .string("a\"[")), ("[]", .array([])),
        ("{\"a\":[1,{\"b\":null}]}", .object(["a": .array([.integer(1), .object(["b": .null])])])),
    ])
    func textIsRead(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: ["", "{", "nope", "[1 2]", "{\"a\" 1}", "\"a"])
    func whatIsNoJSONIsRefused(_ text: String) {
        #expect(throws: InvalidJSON.self) { try JSONValue(parsing: text) }
    }

    @Test func nestingHasALimit() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        _ = try JSONValue(parsing: nested(64))
        let error = try #require(throws: InvalidJSON.self) { _ = try JSONValue(parsing: nested(65)) }
        #expect(error.description.contains("deeper than 64"))
        // Brackets in strings are text.
        #expect(try JSONValue(parsing: "\"\(String(repeating: "[", count: 100))\"") == .string(String(repeating: "[", count: 100)))
    }
}
