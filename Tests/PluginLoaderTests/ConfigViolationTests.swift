import Foundation
import PluginLoader
import Testing

/// What Kong would answer to a configuration.
@Suite struct ConfigViolationTests {
    /// - Parameter fields: the fields of "config", as JSON.
    private func violation(of config: String, _ fields: String) throws -> String? {
        let text = #"{"name":"p","version":"1","priority":1,"phases":["access"],"config_schema":{"type":"record","fields":\#(fields)}}"#
        let plugin = try JSONDecoder().decode(PluginDescription.self, from: Data(text.utf8))
        return try plugin.violation(of: JSONValue(parsing: config))?.description
    }

    @Test(arguments: [
        (#"{"type":"string"}"#, "1", "expected a string"), (#"{"type":"string"}"#, #""""#, "length must be at least 1"),
        (#"{"type":"integer"}"#, "1.5", "expected an integer"), (#"{"type":"number"}"#, #""x""#, "expected a number"),
        (#"{"type":"boolean"}"#, "0", "expected a boolean"),
        (#"{"type":"array","elements":{"type":"string"}}"#, #""x""#, "expected an array"),
        (#"{"type":"set","elements":{"type":"string"}}"#, #""x""#, "expected a set"),
        (#"{"type":"map","keys":{"type":"string"},"values":{"type":"string"}}"#, "1", "expected a map"),
        (#"{"type":"record","fields":[]}"#, "1", "expected a record"),
        (#"{"type":"integer","between":[1,10]}"#, "11", "value should be between 1 and 10"),
        (#"{"type":"number","gt":0.5}"#, "0.5", "value must be greater than 0.5"),
        (#"{"type":"string","one_of":["a","b"]}"#, #""c""#, "expected one of: a, b"),
        (#"{"type":"string","not_one_of":["a","b"]}"#, #""a""#, "must not be one of: a, b"),
        (#"{"type":"string","eq":"a"}"#, #""b""#, "value must be a"), (#"{"type":"string","ne":"a"}"#, #""a""#, "value must not be a"),
        (#"{"type":"string","len_max":2}"#, #""abc""#, "length must be at most 2"),
        (#"{"type":"string","len_eq":2}"#, #""abc""#, "length must be 2"),
        (#"{"type":"string","starts_with":"/"}"#, #""abc""#, "should start with: /"),
        (#"{"type":"string","match":"^%d+$"}"#, #""abc""#, "invalid value: abc"),
        (#"{"type":"string","match_all":[{"pattern":"^%d+$","err":"digits only"}]}"#, #""abc""#, "digits only"),
        (#"{"type":"string","match_any":{"patterns":["^%d+$"],"err":"digits, please"}}"#, #""abc""#, "digits, please"),
        (#"{"type":"string","uuid":true}"#, #""abc""#, "expected a valid UUID"),
        (#"{"type":"number","timestamp":true}"#, "0", "expected a valid timestamp"),
        (#"{"type":"array","elements":{"type":"string"},"contains":"a"}"#, #"["b"]"#, "expected to contain: a"),
        (#"{"type":"string","len_max":2,"err":"too long"}"#, #""abc""#, "too long"),
        (#"{"type":"string","required":true}"#, "null", "required field missing"),
    ])
    func aValueIsRefusedInKongsWords(_ field: String, _ value: String, _ words: String) throws {
        #expect(try violation(of: #"{"f":\#(value)}"#, #"[{"f":\#(field)}]"#) == "schema violation (config.f: \(words))")
    }

    @Test func allFieldsAreLookedAtAndTheirPathsAreNamed() throws {
        let fields = #"""
            [{"a":{"type":"string","required":true}},
             {"b":{"type":"record","fields":[{"c":{"type":"integer","required":true}}]}},
             {"d":{"type":"array","elements":{"type":"integer"}}},
             {"e":{"type":"integer","default":3}}]
            """#
        #expect(
            try violation(of: #"{"b":{"c":"x"},"d":[1,"x"],"z":1}"#, fields)
                == "4 schema violations (config.a: required field missing; config.b.c: expected an integer; "
                + "config.d[1]: expected an integer; config.z: unknown field)")
        // A record that does not say so is required in a plugin's schema, and with it what it needs.
        #expect(try violation(of: #"{"a":"x"}"#, fields) == "schema violation (config.b.c: required field missing)")
        #expect(try violation(of: #"{"a":"x","b":{"c":1}}"#, fields) == nil)
    }

    @Test func whatMayHaveBeenMeantIsSaid() throws {
        let text = #"{"name":"p","version":"1","priority":1,"phases":[],"config_schema":{"type":"record","fields":[{"greeting":{"type":"string"}}]}}"#
        let plugin = try JSONDecoder().decode(PluginDescription.self, from: Data(text.utf8))
        let field = try #require(plugin.violation(of: .object(["greting": .string("x")]))?.fields.first)
        #expect(field.path == "config.greting")
        #expect(field.suggestion?.contains("greeting") == true)
        #expect(plugin.violation(of: .object(["greeting": .string("x")])) == nil)
        #expect(plugin.violation(of: .object([:])) == nil)
        #expect(plugin.violation(of: .array([])) == nil, "Lua has one empty table")
    }

    @Test func anOptionalRecordStaysAway() throws {
        let text = #"""
            {"name":"p","version":"1","priority":1,"phases":[],"config_schema":{"type":"record","fields":[
             {"yes":{"type":"record","required":true,"fields":[{"n":{"type":"integer","default":1}}]}},
             {"no":{"type":"record","required":false,"fields":[{"n":{"type":"integer","default":1}}]}}]}}
            """#
        let plugin = try JSONDecoder().decode(PluginDescription.self, from: Data(text.utf8))
        #expect(plugin.effectiveConfig(.object([:])).text == #"{"yes":{"n":1}}"#)
        #expect(plugin.effectiveConfig(.object(["no": .object([:])])).text == #"{"no":{"n":1},"yes":{"n":1}}"#)
    }
}
