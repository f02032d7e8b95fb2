import PluginLoader
import Testing

@testable import NativePDK

/// JSON as C authors write it.
@Suite struct FieldAttributesTests {
    @Test(arguments: [
        ("", "{}"), ("default: 3", #"{"default":3}"#), ("default: 'a', len_min: 1", #"{"default":"a","len_min":1}"#),
        (#""default": "a""#, #"{"default":"a"}"#), (#"default: 'it\'s "so"'"#, #"{"default":"it's \"so\""}"#),
        ("a: -1.5e+3, b: 1E2", #"{"a":-1500,"b":100}"#), ("a: true , b:null", #"{"a":true,"b":null}"#),
        ("a: {b : [ 'x: y', {c: 1}]}", #"{"a":{"b":["x: y",{"c":1}]}}"#), ("default: 'ü'", #"{"default":"ü"}"#),
    ])
    func isReadAsJSON(_ text: String, _ json: String) throws {
        #expect(try JSONValue.object(FieldAttributes.parse(text)) == JSONValue(parsing: json))
    }

    @Test(arguments: ["default", "default:", "default: 'x", "default: x", "a: 1 b: 2", "}", "a: ]", "'", "a: 'x\\"])
    func othersAreRefused(_ text: String) {
        #expect(throws: InvalidJSON.self) { try FieldAttributes.parse(text) }
    }
}
