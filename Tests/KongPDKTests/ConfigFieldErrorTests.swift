import Testing

@testable import KongPDK

/// What the types of `@Field` let through, and Kong would not take.
@Suite struct ConfigFieldErrorTests {
    private func message(_ type: (some PluginConfig).Type) -> String {
        do {
            return "no error: \(try ConfigSchema(type).value)"
        } catch {
            return "\(error)"
        }
    }

    @Test func aDefaultThatBreaksItsConstraint() {
        struct Number: PluginConfig { @Field(.between(1...5)) var size = 0 }
        struct Text: PluginConfig { @Field(.uuid) var id = "x" }
        struct Empty: PluginConfig { @Field(.lenMin(1)) var name = "" }
        struct Choice: PluginConfig { @Field(.notOneOf("a")) var name = "a" }
        struct Item: PluginConfig { @Field(.elements(.startsWith("x-"))) var names = ["x-a", "b"] }
        struct Key: PluginConfig { @Field(.keys(.lenMax(1)), .values(.gt(0))) var limits = ["ab": 1] }
        struct Entry: PluginConfig { @Field(.values(.gt(0))) var limits = ["ab": 0] }
        struct Set3: PluginConfig { @Field(.lenEq(3), .contains(9)) var numbers: Set = [1, 2] }
        struct Subsets: PluginConfig { @Field(.mutuallyExclusiveSubsets(["a"], ["b"])) var tags = ["a", "b"] }
        let advice = "; a property that has no good default can be optional, or @Field(.required)"
        #expect(message(Number.self) == "config.size: the default 0 breaks between [1, 5]" + advice)
        #expect(message(Text.self) == #"config.id: the default "x" breaks uuid true"# + advice)
        #expect(message(Empty.self) == #"config.name: the default "" breaks len_min 1"# + advice)
        #expect(message(Choice.self) == #"config.name: the default "a" breaks not_one_of ["a"]"# + advice)
        #expect(message(Item.self) == #"config.names[1]: the default "b" breaks starts_with "x-""# + advice)
        #expect(message(Key.self) == #"config.limits["ab"]: the default "ab" breaks len_max 1"# + advice)
        #expect(message(Entry.self) == #"config.limits["ab"]: the default 0 breaks gt 0"# + advice)
        #expect(message(Set3.self) == "config.numbers: the default [1, 2] breaks contains 9" + advice)
        #expect(
            message(Subsets.self)
                == #"config.tags: the default ["a", "b"] breaks mutually_exclusive_subsets [["a"], ["b"]]"# + advice)
    }

    @Test func aDefaultDeepInside() {
        struct Rule: PluginConfig { @Field(.gt(0)) var weight = 1 }
        struct Config: PluginConfig { var rules = [Rule(), Rule(weight: -1)] }
        struct Nested: PluginConfig { var rule = Rule(weight: -1) }
        struct Own: PluginConfig {
            struct Bad: PluginConfig { @Field(.gt(0)) var weight = 0 }
            var rules: [Bad] = []
        }
        #expect(message(Config.self).hasPrefix("config.rules[1].weight: the default -1 breaks gt 0"))
        #expect(message(Nested.self).hasPrefix("config.rule.weight: the default -1 breaks gt 0"))
        #expect(message(Own.self).hasPrefix("config.rules[].weight: the default 0 breaks gt 0"))
    }

    @Test func aReferenceToAVaultMayBreakWhatItLikes() throws {
        struct Config: PluginConfig { @Field(.referenceable, .lenMax(3)) var key = "{vault://env/key}" }
        _ = try ConfigSchema<Config>()
    }

    @Test func attributesThatKongsMetaSchemaRefuses() {
        struct Short: PluginConfig { @Field(.description("short")) var a = 1 }
        struct NoPattern: PluginConfig { @Field(.match("")) var a: String? = nil }
        struct NoError: PluginConfig { @Field(.matchAll(.pattern("x", err: ""))) var a: String? = nil }
        struct NoMessage: PluginConfig { @Field(.deprecated("", removalInVersion: "2.0")) var a: String? = nil }
        struct NoChoice: PluginConfig { @Field(.oneOf()) var a: String? = nil }
        struct Negative: PluginConfig { @Field(.lenMin(-1)) var a: String? = nil }
        struct Infinite: PluginConfig { @Field(.between(0...Double.infinity)) var a: Double? = nil }
        struct Huge: PluginConfig { @Field(.gt(Int.max)) var a: Int? = nil }
        #expect(message(Short.self) == "config.a: Kong takes descriptions of 10 to 500 bytes, and this one has 5")
        #expect(message(NoPattern.self) == "config.a: match has an empty string, and Kong takes none there")
        #expect(message(NoError.self) == "config.a: match_all has an empty string, and Kong takes none there")
        #expect(message(NoMessage.self) == "config.a: message has an empty string, and Kong takes none there")
        #expect(message(NoChoice.self) == "config.a: one_of has nothing in it")
        #expect(message(Negative.self) == "config.a: len_min is -1, and no length is below 0")
        #expect(message(Infinite.self) == "config.a[]: between inf is not a number that JSON has")
        #expect(
            message(Huge.self)
                == "config.a: gt 9223372036854775807 is beyond 2^53, where the numbers of Kong's Lua skip integers")
    }

    @Test func constraintsThatDoNotGoTogether() {
        struct Twice: PluginConfig { @Field(.lenMin(1), .lenMin(2)) var a: String? = nil }
        struct RequiredTwice: PluginConfig { @Field(.required, .required) var a = 1 }
        struct Optional: PluginConfig { @Field(.required) var a: String? = nil }
        struct Element: PluginConfig { @Field(.elements(.required)) var a: [String] = [] }
        struct Auto: PluginConfig { @Field(.auto) var count: Int? = nil }
        struct Null: PluginConfig { @Field(.eq(1)) var a: Int? = nil }
        #expect(
            message(Null.self)
                == "config.a: Kong refuses null where eq is set: make the property required, or give it that value")
        #expect(message(Twice.self) == "config.a: len_min is set twice")
        #expect(message(RequiredTwice.self) == "config.a: required is set twice")
        #expect(message(Optional.self) == "config.a: the property is required, and an optional: take the ? away, or required")
        #expect(message(Element.self) == "config.a[]: what is there is required anyway: leave it out")
        #expect(message(Auto.self) == "config.count: Kong makes up numbers only for created_at and updated_at")
    }

    @Test func aSwiftTypeThatIsAnotherTypeInKong() {
        /// An array in Swift, and a string in Kong.
        struct Words: Codable, Collection, Sendable {
            var words: [String] = []
            var startIndex: Int { 0 }
            var endIndex: Int { words.count }
            subscript(index: Int) -> String { words[index] }
            func index(after index: Int) -> Int { index + 1 }
            init() {}
            init(from decoder: any Decoder) throws { words = [try decoder.singleValueContainer().decode(Bool.self).description] }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(true)
            }
        }
        struct Config: PluginConfig { @Field(.lenMin(1)) var words = Words() }
        #expect(message(Config.self) == "config.words: Kong has len_min only for array, map, set, string, and this is a boolean")
    }

    @Test func constraintsThatNobodyCanRead() {
        struct Rule: Codable { @Field(.lenMin(1)) var name = "x" }
        struct Config: PluginConfig { var rules: [Rule] = [] }
        struct Odd: PluginConfig { var fields = [Field(wrappedValue: 1, .gt(0))] }
        #expect(
            message(Config.self)
                == "config.rules[].name: nobody knows what @Field says of name: make the struct around it a PluginConfig, "
                + "which has an init()")
        #expect(message(Odd.self) == "config.fields[]: @Field is for the properties of a struct, not for what they hold")
    }

    @Test func anEncoderThatLosesConstraints() {
        struct Config: PluginConfig {
            @Field(.gt(0)) var size = 1
            init() {}
            enum CodingKeys: CodingKey { case size }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(size, forKey: .size)
            }
            init(from decoder: any Decoder) throws {
                size = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .size)
            }
        }
        struct Outer: PluginConfig { var inner = Config() }
        #expect(
            message(Outer.self)
                == "config.inner: what @Field says of size is lost, since the type's encode(to:) does not encode _size")
    }
}
