import Testing

@testable import KongPDK

@Suite struct ConfigSchemaErrorTests {
    private func message(_ type: (some PluginConfig).Type) -> String {
        do {
            return "no error: \(try ConfigSchema(type).value)"
        } catch {
            return "\(error)"
        }
    }

    @Test func recursion() {
        struct Config: PluginConfig { var children: [Config] = [] }
        #expect(message(Config.self) == "config.children[]: Config contains itself, and a schema of Kong cannot")
    }

    @Test func recursionThroughOthers() {
        struct A: Codable { var b: [String: B] = [:] }
        struct B: Codable { var a: [A]? }
        struct Config: PluginConfig { var a = A() }
        #expect(message(Config.self) == "config.a.b{}.a[]: A contains itself, and a schema of Kong cannot")
    }

    @Test func typesThatAreNestedTooDeeply() throws {
        // The config and the innermost struct are the first and the last of the 16.
        struct Inner: Codable { var x = 1 }
        struct Deep: PluginConfig { var a: [[[[[[[[[[[[[[Inner]]]]]]]]]]]]]] = [] }
        struct TooDeep: PluginConfig { var a: [[[[[[[[[[[[[[[Inner]]]]]]]]]]]]]]] = [] }
        let schema = try ConfigSchema<Deep>().value
        #expect(schema.withKongValue { Value($0) } == schema)
        #expect(message(TooDeep.self).hasSuffix("Inner is nested more than 16 levels deep"))
    }

    @Test func theDeepestSchemaFitsIntoAKongValue() throws {
        struct R1: Codable { var x: Int? }
        struct R2: Codable { var r: R1? }
        struct R3: Codable { var r: R2? }
        struct R4: Codable { var r: R3? }
        struct R5: Codable { var r: R4? }
        struct R6: Codable { var r: R5? }
        struct R7: Codable { var r: R6? }
        struct R8: Codable { var r: R7? }
        struct R9: Codable { var r: R8? }
        struct R10: Codable { var r: R9? }
        struct R11: Codable { var r: R10? }
        struct R12: Codable { var r: R11? }
        struct R13: Codable { var r: R12? }
        struct R14: Codable { var r: R13? }
        struct R15: Codable { var r: R14? }
        struct Config: PluginConfig { var r: R15? }
        let schema = try ConfigSchema<Config>().value
        #expect(schema.withKongValue { Value($0) } == schema)
    }

    @Test func valuesThatContainThemselves() {
        final class Node: Codable, @unchecked Sendable { var next: Node? }
        struct Config: PluginConfig {
            var node: Node = {
                let node = Node()
                node.next = node
                return node
            }()
        }
        #expect(message(Config.self).hasSuffix("the default is nested more than 64 levels deep"))
    }

    @Test func enumsWithoutCases() {
        enum Mode: String, Codable { case a, b }
        struct WithDefault: PluginConfig { var mode = Mode.a }
        struct Nil: PluginConfig { var mode: Mode? }
        struct Element: PluginConfig { var modes: [Mode] = [] }
        #expect(
            message(WithDefault.self)
                == "config.mode: the enum Mode must be CaseIterable, so that Kong can be told its values")
        #expect(message(Nil.self).hasPrefix("config.mode: Mode does not take the sample that it is tried with"))
        #expect(message(Nil.self).hasSuffix("if it is an enum, make it CaseIterable"))
        #expect(message(Element.self).hasPrefix("config.modes[]: Mode does not take the sample"))
    }

    @Test func enumsWithoutRawValues() {
        enum Mode: Codable, CaseIterable { case a, b }
        struct Config: PluginConfig { var mode = Mode.a }
        #expect(message(Config.self) == "config.mode: Mode needs raw values that are strings or integers")
    }

    @Test func enumsWithPayloads() {
        enum Mode: Codable {
            case a(Int)
            case b(String)
        }
        struct Config: PluginConfig { var mode = Mode.a(1) }
        #expect(message(Config.self).hasPrefix("config.mode: Mode could not be decoded to see what it consists of"))
    }

    @Test func listsThatAreNoArrays() {
        struct Config: PluginConfig { var retry = Retry() }
        struct Retry: Codable { var timeouts = [Duration.seconds(1)] }
        #expect(
            message(Config.self)
                == "config.retry.timeouts[]: the type decodes itself from a list; of those, Kong's schema has only arrays and sets"
        )
    }

    @Test func keysThatAreNoStrings() {
        struct Config: PluginConfig { var names: [Int: String] = [:] }
        #expect(message(Config.self).hasPrefix("config.names: the keys of a dictionary are Strings in Kong"))
    }

    @Test func optionalsInCollections() {
        struct Arrays: PluginConfig { var a: [Int?] = [] }
        struct Maps: PluginConfig { var a: [String: Int?] = [:] }
        #expect(
            message(Arrays.self)
                == "config.a[]: Optional<Int> is optional, but Kong has no null in arrays, sets and maps")
        #expect(message(Maps.self).hasPrefix("config.a{}: Optional<Int> is optional"))
    }

    @Test func nestedContainers() {
        struct Flat: Codable {
            var x = 1
            enum CodingKeys: CodingKey { case inner, x }
            init() {}
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                x = try container.nestedContainer(keyedBy: CodingKeys.self, forKey: .inner).decode(Int.self, forKey: .x)
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                var inner = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .inner)
                try inner.encode(x, forKey: .x)
            }
        }
        struct Config: PluginConfig { var flat = Flat() }
        #expect(
            message(Config.self)
                == "config.flat: the type decodes itself in a way that Kong's schema has no counterpart for")
    }

    @Test func typesThatEncodeOneThingAndDecodeAnother() {
        struct Odd: Codable {
            init() {}
            init(from decoder: any Decoder) throws { _ = try decoder.singleValueContainer().decode(Int.self) }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode("one")
            }
        }
        struct Config: PluginConfig { var odd = Odd() }
        #expect(
            message(Config.self)
                == #"config.odd: the default is the string "one", but what is decoded is an integer"#)
    }

    @Test func typesThatTryOneThingAndThenAnother() {
        struct Either: Codable {
            init() {}
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                _ = try container.decode(Int.self)
                _ = try container.decode(String.self)
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode("one")
            }
        }
        struct Config: PluginConfig { var either = Either() }
        #expect(message(Config.self) == "config.either: the type decodes itself in more than one way")
    }

    @Test func choosyTypesThatNobodyHasAnExampleOf() {
        struct Rule: Codable { var pattern: Pattern }
        struct Config: PluginConfig { var rules: [Rule] = [] }
        #expect(
            message(Config.self)
                == "config.rules[].pattern: Pattern does not take the sample that it is tried with (a pattern must not be "
                + "empty); give the property a default, or the struct around it an init() and PluginConfig")
    }

    @Test func aDefaultIsAnExampleForChoosyTypes() throws {
        struct Rule: Codable { var pattern: Pattern }
        struct Config: PluginConfig { var rules = [Rule(pattern: Pattern(text: "x"))] }
        #expect(
            try ConfigSchema<Config>().value["fields"]?[0]?["rules"]?["elements"]
                == ["type": "record", "fields": [["pattern": ["type": "string", "required": true]]]])
    }

    @Test func twoPropertiesWithOneName() {
        struct Config: PluginConfig { var rateLimit = 1, rate_limit = 2 }
        #expect(message(Config.self) == "config.rate_limit: both rateLimit and rate_limit would be rate_limit in Kong")
    }

    @Test func namesThatKongWritesItself() {
        struct Service: PluginConfig { var serviceId = "" }
        struct Private: PluginConfig { var __key__ = 1 }
        #expect(message(Service.self) == "config.service_id: Kong writes a value of its own under that name")
        #expect(message(Private.self) == "config.__key__: Kong writes a value of its own under that name")
    }

    @Test func numbersThatLuaDoesNotHave() {
        struct Huge: PluginConfig { var limit = Int.max }
        struct Unsigned: PluginConfig { var inner = ["a": [UInt64.max]] }
        struct Infinite: PluginConfig { var ratio = Double.infinity }
        struct Wide: PluginConfig { var wide: Int128 = 1 }
        struct WideOptional: PluginConfig { var wide: Int128? }
        struct WideElement: PluginConfig { var wide: [Int128] = [] }
        #expect(
            message(Huge.self)
                == "config.limit: the default 9223372036854775807 is beyond 2^53, where the numbers of Kong's Lua skip integers"
        )
        #expect(message(Unsigned.self).hasPrefix(#"config.inner["a"][0]: the default is the integer "#))
        #expect(message(Infinite.self) == "config.ratio: the default inf is not a number that JSON has")
        #expect(
            message(Wide.self)
                == "config.wide: the default cannot be encoded: Encoder has not implemented support for Int128")
        #expect(message(WideOptional.self).hasPrefix("config"))
        #expect(message(WideElement.self).hasPrefix("config.wide[]: "))
    }

    @Test func aConfigThatIsNoRecord() {
        struct Config: PluginConfig {
            init() {}
            init(from decoder: any Decoder) throws { _ = try decoder.singleValueContainer().decode(String.self) }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode("")
            }
        }
        #expect(message(Config.self) == "config: Config must be a struct with properties, not a string")
    }
}
