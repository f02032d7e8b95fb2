import Testing

@testable import KongPDK

@Suite struct ValueTests {
    @Test func literalsMakeValues() {
        let value: Value = ["a": nil, "b": true, "c": 3, "d": 1.5, "e": "x", "f": [1, "y"], "g": "\(1)!"]
        #expect(
            value
                == .map([
                    "a": .nil, "b": .boolean(true), "c": .integer(3), "d": .number(1.5), "e": .string("x"),
                    "f": .array([.integer(1), .string("y")]), "g": .string("1!"),
                ]))
        #expect(value["f"]?[1] == "y")
        #expect(value["f"]?[2] == nil)
        #expect(value["z"] == nil)
    }

    @Test func theLastOfTwoEntriesWithOneKeyWins() {
        let value: Value = ["a": 1, "a": 2]
        #expect(value == ["a": 2])
    }

    @Test func nilLiteralIsNil() {
        let value: Value = nil
        #expect(value.isNil)
        #expect(!Value.boolean(false).isNil)
    }

    @Test func integersAndNumbersStandInForEachOther() {
        #expect(Value.number(3).integerValue == 3)
        #expect(Value.number(3.5).integerValue == nil)
        #expect(Value.number(1e300).integerValue == nil)
        #expect(Value.number(.nan).integerValue == nil)
        #expect(Value.integer(3).numberValue == 3)
        #expect(Value.string("3").integerValue == nil)
        #expect(Value.boolean(true).integerValue == nil)
    }

    @Test func stringsAndBytesStandInForEachOtherAsFarAsTheyAreText() {
        #expect(Value.bytes(Array("é".utf8)).stringValue == "é")
        #expect(Value.bytes([0xFF]).stringValue == nil)
        #expect(Value.string("é").bytesValue == [0xC3, 0xA9])
        #expect(Value.integer(1).bytesValue == nil)
    }

    @Test func anEmptyTableIsAnArrayAndAMap() {
        #expect(Value.map([:]).arrayValue == [])
        #expect(Value.array([]).mapValue == [:])
        #expect(Value.map(["a": 1]).arrayValue == nil)
        #expect(Value.array([1]).mapValue == nil)
    }

    @Test func descriptionsReadAsJSON() {
        let value: Value = ["b": [nil, true, 1, 1.5], "a": "x\"y", "c": .bytes([0xFF, 0]), "d": .bytes([0x41])]
        #expect(value.description == #"{"a": "x\"y", "b": [null, true, 1, 1.5], "c": <2 bytes>, "d": "A"}"#)
    }

    @Test func longStringsAreCutInPhrases() {
        #expect(Value.string("x").phrase == #"the string "x""#)
        #expect(Value.string(String(repeating: "x", count: 1000)).phrase.count < 100)
        #expect(Value.bytes([0xFF]).phrase == "a string that is not UTF-8")
    }
}
