// Unsafe pointers: these tests stand on C's side of the border.

import CKongPlugin
import Testing

@testable import KongPDK

@Suite struct ValueKongValueTests {
    static let values: [Value] = [
        .nil, false, true, 0, .integer(.min), .integer(.max), 1.5, .number(-.infinity), .number(.leastNonzeroMagnitude),
        "", "x", "a string that is too long to be a small one", "zwölf\0Bären 🐻", .bytes([]), .bytes([0, 0xFF, 0x80]),
        [], [:], [nil], [[], [:], [[[1]]]], ["": nil], ["a": ["b": ["c": [1, 2.5, "x", .bytes([0xC3]), true, nil]]]],
    ]

    @Test(arguments: values) func aLentValueIsTheSameInC(_ value: Value) {
        #expect(value.withKongValue { Value($0) } == value)
    }

    @Test(arguments: values) func aStoredValueIsTheSameInC(_ value: Value) {
        let storage = KongValueStorage(value)
        #expect(Value(storage.value) == value)
        #expect(Value(storage.pointer) == value)
    }

    @Test func reservedIsZero() {
        for value in Self.values { #expect(value.withKongValue { $0.reserved } == 0) }
    }

    @Test func anErrorOfTheBorrowerKeepsItsType() {
        struct Failure: Error, Equatable {}
        for value in Self.values {
            #expect(throws: Failure()) { try value.withKongValue { _ throws(Failure) in throw Failure() } }
        }
    }

    @Test func entriesAreInTheOrderOfTheirKeys() {
        let keys = (0..<500).map { "key\($0)" }
        let storage = KongValueStorage(.map(Dictionary(uniqueKeysWithValues: keys.map { ($0, .nil) })))
        let entries = UnsafeBufferPointer(start: storage.value.map.entries, count: storage.value.map.count)
        #expect(entries.map(\.key.text) == keys.sorted())
    }

    @Test func hugeValuesSurvive() {
        let big = String(repeating: "x", count: 3_000_000)
        let value: Value = [
            .string(big), .array((0..<20_000).map { ["n": .integer($0), "s": "item \($0)"] }), .string(big),
        ]
        #expect(value.withKongValue { Value($0) } == value)
    }

    @Test func whatIsNestedDeeperThan64IsCutOff() {
        func nested(_ depth: Int) -> Value { (1..<depth).reduce(Value.array([])) { inner, _ in .array([inner]) } }
        #expect(nested(64).withKongValue { Value($0) } == nested(64))
        // The 65th array is nil, on the way out as on the way in.
        var cut = Value.nil
        for _ in 0..<64 { cut = .array([cut]) }
        #expect(nested(1000).withKongValue { Value($0) } == cut)

        var chain = Array(repeating: kong_value(), count: 10_000)
        chain.withUnsafeMutableBufferPointer { chain in
            for index in chain.indices.dropLast() {
                chain[index].type = kong_type(KONG_ARRAY)
                chain[index].array = kong_array(
                    items: UnsafePointer(chain.baseAddress?.advanced(by: index + 1)), count: 1)
            }
            #expect(Value(chain[0]) == cut)
        }
    }

    @Test func stringsThatAreNotUTF8BecomeBytes() {
        for bytes: [UInt8] in [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80]] {
            #expect(string(KONG_STRING, bytes) == .bytes(bytes))
        }
        #expect(string(KONG_STRING, Array("é".utf8)) == "é")
        #expect(string(KONG_BYTES, Array("é".utf8)) == .bytes([0xC3, 0xA9]))
    }

    @Test func nullWithoutSizeIsEmpty() {
        #expect(Value(kong_value(KONG_STRING, kong_string())) == "")
        #expect(Value(kong_value(KONG_BYTES, kong_string())) == .bytes([]))
        var value = kong_value()
        value.type = kong_type(KONG_ARRAY)
        #expect(Value(value) == [])
        value.type = kong_type(KONG_MAP)
        #expect(Value(value) == [:])
        #expect(Value(nil as UnsafePointer<kong_value>?) == .nil)
    }

    @Test func unknownTypesAreNil() {
        var value = kong_value()
        for type: kong_type in [8, 1000, .max] {
            value.type = type
            #expect(Value(value) == .nil)
        }
    }

    @Test func keysThatAreNotUTF8AreRepairedAndTheLastOfTwoWins() {
        let (first, second): ([UInt8], [UInt8]) = ([0xFF], [0xFE])
        first.withUnsafeBytes { first in
            second.withUnsafeBytes { second in
                let entries = [
                    kong_entry(key: kong_string(first), value: kong_value(scalar: 1)),
                    kong_entry(key: kong_string(second), value: kong_value(scalar: 2)),
                ]
                entries.withUnsafeBufferPointer { entries in
                    var value = kong_value()
                    value.type = kong_type(KONG_MAP)
                    value.map = kong_map(entries: entries.baseAddress, count: entries.count)
                    #expect(Value(value) == ["\u{FFFD}": 2])
                }
            }
        }
    }

    private func string(_ type: Int, _ bytes: [UInt8]) -> Value {
        bytes.withUnsafeBytes { Value(kong_value(type, kong_string($0))) }
    }
}
