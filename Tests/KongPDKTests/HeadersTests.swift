// Unsafe pointers: these tests stand on C's side of the border.

import CKongPlugin
import Testing

@testable import KongPDK

@Suite struct HeadersTests {
    @Test func namesAreNotCaseSensitiveAndValuesKeepTheirOrder() {
        var headers: Headers = ["X-Tag": "one", "Host": "a", "x-tag": "two"]
        #expect(headers["x-TAG"] == "one")
        #expect(headers.values("X-tag") == ["one", "two"])
        #expect(headers.names == ["X-Tag", "Host"])
        #expect(headers.contains("host") && !headers.contains("hos"))
        headers["x-tag"] = "three"
        #expect(headers.map(\.name) == ["x-tag", "Host"])
        #expect(headers.values("x-tag") == ["three"])
        headers["host"] = nil
        headers.add("new", "")
        #expect(headers.map(\.value) == ["three", ""])
        headers.remove("X-TAG")
        #expect(headers.count == 1)
        #expect(headers["x-tag"] == nil)
    }

    @Test func aNewNameTakesAllValuesAndOverwrites() {
        var headers: Headers = ["X-Old": "1", "x-new": "other", "y": "z"]
        headers.add("x-old", [0xFF])
        let isRenamed = headers.rename("x-OLD", to: "X-New")
        #expect(isRenamed)
        #expect(headers.bytes("x-new") == [[0x31], [0xFF]])
        #expect(headers.names == ["X-New", "y"])
        let isAbsentRenamed = headers.rename("x-old", to: "y")
        #expect(!isAbsentRenamed)
        #expect(headers["y"] == "z")
        headers.rename("x-new", to: "x-NEW")
        #expect(headers.names == ["x-NEW", "y"])
        #expect(headers.bytes("x-new") == [[0x31], [0xFF]])
    }

    @Test func onlyLettersOfASCIIAreFolded() {
        let headers: Headers = ["x-k": "k", "x-[": "["]
        #expect(headers["X-\u{212A}"] == nil)
        #expect(headers["x-{"] == nil)
    }

    @Test func equalityIsAboutValuesAndTheirOrder() {
        let headers: Headers = ["a": "1", "b": "2", "a": "3"]
        #expect(headers == ["B": "2", "A": "1", "a": "3"])
        #expect(headers != ["a": "3", "a": "1", "b": "2"])
        #expect(headers != ["a": "1", "b": "2"])
        #expect(headers.hashValue == (["B": "2", "A": "1", "a": "3"] as Headers).hashValue)
    }

    @Test func anyBytesAreKept() {
        var headers = Headers()
        headers.add("x", [0xFF, 0x41])
        headers.add("x", Array("text".utf8))
        #expect(headers["x"] == "\u{FFFD}A")
        #expect(headers.bytes("x") == [[0xFF, 0x41], Array("text".utf8)])
        #expect(headers.first?.valueBytes == [0xFF, 0x41])
    }

    /// A header's value that is UTF-8 is the same value whether it was added as text or as bytes.
    @Test func textAndItsBytesAreEqual() {
        var bytes = Headers()
        bytes.add("x", Array("zwölf".utf8))
        #expect(bytes == ["x": "zwölf"])
    }

    @Test func whatIsSentIsAMapOfEachNameOnce() {
        let headers: Headers = ["X-A": "1", "b": "2", "x-a": "3"]
        #expect(headers.lend { Value($0) } == ["X-A": ["1", "3"], "b": "2"])
        #expect(Headers().lend { Value($0) } == [:])
        var bytes = Headers()
        bytes.add("x", [0xFF])
        #expect(bytes.lend { Value($0) } == ["x": .bytes([0xFF])])
    }
}

@Suite struct QueryTests {
    @Test func anArgumentMayHaveNoValue() {
        var query: Query = ["page": "2"]
        query.add("debug", nil)
        query.add("page", nil)
        #expect(query["debug"] == "")
        #expect(query.values("page") == ["2", ""])
        #expect(query["Page"] == nil)
        #expect(query.map(\.value) == ["2", nil, nil])
        #expect(query.lend { Value($0) } == ["page": ["2", true], "debug": true])
    }

    @Test func aNewNameTakesAllValuesAndIsCaseSensitive() {
        var query: Query = ["a": "1", "A": "2", "b": "3"]
        query.add("a", nil)
        query.rename("a", to: "b")
        #expect(query.map(\.name) == ["b", "A", "b"])
        #expect(query.map(\.value) == ["1", "2", nil])
        query.rename("A", to: "a")
        query.rename("B", to: "c")
        #expect(query.map(\.name) == ["b", "a", "b"])
    }

    @Test func namesMayBeAnyBytes() {
        var query = Query()
        query.add([0xFF], [0xFE])
        query.add([0xFD], nil)
        let names = query.lend { sent in
            UnsafeBufferPointer(start: sent.map.entries, count: sent.map.count).map { Array($0.key.bytes) }
        }
        #expect(names == [[0xFF], [0xFD]])
        #expect(query.first?.nameBytes == [0xFF] && query.first?.valueBytes == [0xFE])
        #expect(query.first?.name == "\u{FFFD}")
        // No text is such a name, not even the one that is shown for it.
        #expect(query["\u{FFFD}"] == nil && query["x"] == nil)
    }
}

/// Headers and queries as Kong sends them, in either protocol.
@Suite struct NamedValuesTests {
    private func read(_ value: Value) throws -> Query {
        var query = Query()
        query.named = try value.withKongValue { try NamedValues($0, ignoringCase: false) }
        return query
    }

    @Test func oneValueIsAStringOrAnArrayOfOne() throws {
        #expect(try read(["a": "1", "b": ["1"]]) == ["a": "1", "b": "1"])
    }

    @Test func anArgumentWithoutAValueIsTrueOrNoValues() throws {
        var expected = Query()
        expected.add("flag", nil)
        #expect(try read(["flag": true]) == expected)
        #expect(try read(["flag": []]) == expected)
        expected.add("flag", "1")
        #expect(try read(["flag": [true, "1"]]) == expected)
    }

    @Test(arguments: [.nil, [], [:]] as [Value])
    func nothingIsNothing(_ value: Value) throws {
        #expect(try read(value).isEmpty)
    }

    @Test func numbersAreText() throws {
        #expect(try read(["a": 1, "b": [1.5, false]]) == ["a": "1", "b": "1.5", "b": "false"])
    }

    @Test(arguments: ["text", 1, true, ["a"], ["a": [:]], ["a": ["b": 1]], ["a": [["b"]]], ["a": .nil]] as [Value])
    func anythingElseIsAnError(_ value: Value) {
        #expect(performing: { try read(value) }, throws: { ($0 as? PDKError)?.code == .unexpectedResult })
    }

    @Test func twoNamesThatDifferOnlyInOddBytesStayTwo() throws {
        let names: [[UInt8]] = [[0xFF], [0xFE]]
        let query = names[0].withUnsafeBytes { one in
            names[1].withUnsafeBytes { other in
                let entries = [one, other].map { bytes in
                    kong_entry(key: kong_string(bytes), value: kong_value(KONG_STRING, kong_string(bytes)))
                }
                return entries.withUnsafeBufferPointer { entries in
                    var map = kong_value()
                    map.type = kong_type(KONG_MAP)
                    map.map = kong_map(entries: entries.baseAddress, count: entries.count)
                    return Result { () throws(PDKError) in
                        try NamedValues(map, ignoringCase: true)
                    }
                }
            }
        }
        #expect(try query.get().entries.map { $0.name.bytes } == names)
        #expect(try query.get().entries.map { $0.value?.bytes } == names)
    }
}

@Suite struct HTTPTests {
    @Test(arguments: [(1.0, "HTTP/1.0"), (1.1, "HTTP/1.1"), (2, "HTTP/2.0"), (0.9, "HTTP/0.9"), (3, "HTTP/3.0")])
    func versions(_ number: Double, _ text: String) throws {
        #expect(try #require(HTTPVersion(number)).description == text)
    }

    @Test(arguments: [-1, .nan, .infinity, 1e300, 100])
    func noVersions(_ number: Double) {
        #expect(HTTPVersion(number) == nil)
    }

    @Test func versionsHaveAnOrder() {
        #expect(HTTPVersion.http1_0 < .http1_1 && .http1_1 < .http2 && .http2 < .http3)
    }

    @Test func methodsAreCaseSensitive() {
        #expect(HTTPMethod("GET") == .get)
        #expect(HTTPMethod("get") != .get)
        #expect("PURGE" as HTTPMethod == HTTPMethod(rawValue: "PURGE"))
    }
}
