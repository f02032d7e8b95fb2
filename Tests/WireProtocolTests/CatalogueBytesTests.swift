import CKongPlugin
import PDKCatalogue
import SwiftProtobuf
import Testing
import WireProtocol

/// Every method of the catalogue: its arguments and its result as bytes, beside those of encoders of others.
@Suite("Each method's bytes are those that SwiftProtobuf and msgpack-c write")
struct CatalogueBytesTests {
    private static let texts: [TestValue] = [
        "", "x", "zwölf\0🐻", .string([UInt8](repeating: 0x61, count: 256)), .string([UInt8](repeating: 0x61, count: 65536)),
    ]

    /// Values of a type, at its limits.
    private static func samples(of type: ValueType) -> [TestValue] {
        switch type {
        case .any:
            [false, true, 0, -1, 9_007_199_254_740_992, 0.5, [], [:], [1, ["a": [false, "x"]]], ["k": ["v": [:]]]] + texts
        case .boolean: [false, true]
        case .integer: [0, 1, -1, 127, 128, 65535, 65536, .integer(Int64(Int32.max)), .integer(Int64(Int32.min))]
        case .number: [0, 1.5, -1e300, 9_007_199_254_740_992]
        case .string: texts
        case .bytes, .body: texts + [.bytes([0xff, 0, 0x80]), .bytes([UInt8](repeating: 7, count: 65536))]
        case .scalar: [false, true, 1, 1.5] + texts
        case .headerValue: [false, 1, ["a", "b"], []] + texts
        case .multimap: [[:], ["a": "b"], ["a": ["b", "c"], "d": true], ["": ""]]
        case .record: [[:], ["id": "i", "username": "u", "consumer_id": "c", "tags": ["a", "b"]]]
        case .table: [[:], [], [1, "a"], ["a": "b"]]
        case .captures:
            [["unnamed": [], "named": [:]], ["unnamed": ["a", ""], "named": ["id": "x"]]]
        }
    }

    /// Argument lists: each parameter in turn has all of its samples, the others one; and all that may be left out are.
    private static func argumentLists(of method: PDKMethod, carried: Int) -> [[TestValue]] {
        let parameters = method.isVariadic ? method.parameters + method.parameters : Array(method.parameters.prefix(carried))
        var lists = [parameters.prefix(Int(method.facts.minimumCount)).map { samples(of: $0.type)[0] }]
        for (index, parameter) in parameters.enumerated() {
            for sample in samples(of: parameter.type) {
                var list = parameters.map { samples(of: $0.type).last ?? .null }
                list[index] = sample
                lists.append(list)
            }
            if parameter.isOptional {
                var list = parameters.map { samples(of: $0.type).last ?? .null }
                list[index] = .null
                lists.append(list)
                lists.append(Array(list.prefix(index)))
            }
        }
        return lists
    }

    @Test("The arguments over ProtoBuf:1", arguments: PDKCatalogue.all.filter { $0.input != nil })
    func protoBufArguments(method: PDKMethod) throws {
        let input = try #require(method.input)
        for arguments in Self.argumentLists(of: method, carried: Int(method.facts.protobufCount)) {
            #expect(try check(method, arguments) == nil, "\(method.name)(\(arguments))")
            let expected = try input.swiftProtobuf(arguments).bytes()
            #expect(try encodeArguments(input, arguments.map(\.sorted)) == expected, "\(method.name)(\(arguments))")
        }
    }

    @Test("The result over ProtoBuf:1", arguments: PDKCatalogue.all.filter { $0.output != nil && $0.result != nil })
    func protoBufResult(method: PDKMethod) throws {
        let output = try #require(method.output)
        let result = try #require(method.result)
        for sample in Self.results(of: output, result.type) {
            let bytes = try output.swiftProtobuf(result: sample).bytes()
            #expect(try encodeResult(output, sample.sorted) == bytes, "\(method.name): \(sample)")
            let isNil = result.isOptional && bytes.isEmpty
            let read = try decodeResult(output, optional: result.isOptional, bytes)
            #expect("\(read.sorted)" == "\(TestAnswer.value(isNil ? .null : sample).sorted)", "\(method.name)")
        }
    }

    /// Samples as they come back: with strings as the message has them, and entities with the fields that it knows.
    private static func results(of output: ProtoMessage, _ type: ValueType) -> [TestValue] {
        switch output {
        case .string: texts
        case .byteString, .rawBodyResult: [.bytes([]), .bytes([0xff, 0]), .bytes([UInt8](repeating: 7, count: 65536))]
        case .int: samples(of: .integer)
        case .value: samples(of: .any)
        case .consumer: [["id": "c", "username": "u", "custom_id": "x", "tags": ["a", ""]]]
        case .authenticatedCredential: [["id": "c"], ["id": "c", "consumer_id": "x"]]
        case .route: [["id": "r", "regex_priority": -1, "strip_path": true]]
        case .service: [["id": "s", "port": 65535]]
        case .memoryStats: [["lua_shared_dicts": ["kong": ["capacity": 1_099_511_627_776]]]]
        default: samples(of: type)
        }
    }

    @Test("The arguments over MessagePack", arguments: PDKCatalogue.all)
    func messagePackArguments(method: PDKMethod) throws {
        for arguments in Self.argumentLists(of: method, carried: method.parameters.count) {
            #expect(try check(method, arguments) == nil, "\(method.name)(\(arguments))")
            let arena = ValueArena()
            let values = arguments.map { $0.value(in: arena) }
            let bytes = try written { queue in
                try values.withUnsafeBufferPointer {
                    try MessagePackSession.appendCall(method.facts.name, $0, limit: .max, to: &queue)
                }
            }
            // msgpack-c has a form of its own for names of 32 to 255 bytes, which Kong's Lua does not write either.
            let name = bytes.count > 0 ? try writeMessagePack(.string(Array(method.name.utf8))) : []
            let expected = [0x82] + MsgPackC.pack("Method") + name + MsgPackC.pack("Args") + MsgPackC.pack(.array(arguments))
            #expect(bytes == expected, "\(method.name)(\(arguments))")
        }
    }

    private func check(_ method: PDKMethod, _ arguments: [TestValue]) throws -> String? {
        let arena = ValueArena()
        let values = arguments.map { $0.value(in: arena) }
        return values.withUnsafeBufferPointer { method.check($0) }
    }
}

extension PDKMethod: CustomTestStringConvertible {
    public var testDescription: String { name }
}

extension TestAnswer {
    fileprivate var sorted: TestAnswer { if case .value(let value) = self { .value(value.sorted) } else { self } }
}
