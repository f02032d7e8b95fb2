import Foundation
import SwiftProtobuf
import WireProtocol

extension TestValue {
    /// The value as SwiftProtobuf has it. Strings must be UTF-8, which SwiftProtobuf insists on.
    var asProtobuf: Google_Protobuf_Value {
        switch self {
        // Nil is a Value without content from us, and a null of 1 from Kong: see ProtoBufEncoder.Null.
        case .null: Google_Protobuf_Value()
        case .boolean(let boolean): Google_Protobuf_Value(boolValue: boolean)
        case .integer(let integer): Google_Protobuf_Value(numberValue: Double(integer))
        case .number(let number): Google_Protobuf_Value(numberValue: number)
        case .string(let bytes), .bytes(let bytes):
            Google_Protobuf_Value(stringValue: String(decoding: bytes, as: UTF8.self))
        case .array(let values):
            Google_Protobuf_Value(listValue: Google_Protobuf_ListValue(values: values.map(\.asProtobuf)))
        case .map: Google_Protobuf_Value(structValue: asStruct)
        }
    }

    var asStruct: Google_Protobuf_Struct {
        guard case .map(let entries) = self else { return Google_Protobuf_Struct() }
        return Google_Protobuf_Struct(
            fields: Dictionary(
                entries.map { (String(decoding: $0.key, as: UTF8.self), $0.value.asProtobuf) },
                uniquingKeysWith: { $1 }))
    }

    /// What SwiftProtobuf has read, by the rules of the PDK: whole numbers are integers.
    init(_ value: Google_Protobuf_Value) {
        switch value.kind {
        case nil, .nullValue: self = .null
        case .boolValue(let boolean): self = .boolean(boolean)
        case .numberValue(let number):
            self = Int64(exactly: number).flatMap { $0.magnitude <= 1 << 53 ? .integer($0) : nil } ?? .number(number)
        case .stringValue(let text): self = .string(Array(text.utf8))
        case .listValue(let list): self = .array(list.values.map(TestValue.init))
        case .structValue(let structure): self = TestValue(structure)
        }
    }

    init(_ structure: Google_Protobuf_Struct) {
        self = .map(structure.fields.map { Entry(key: Array($0.key.utf8), value: TestValue($0.value)) })
    }

    /// The value after a way through a `google.protobuf.Value`: no bytes, no number but doubles, maps without order.
    var throughProtobuf: TestValue {
        TestValue(asProtobuf).sorted
    }

    /// The same with text in place of all bytes, so that SwiftProtobuf takes it.
    var withText: TestValue {
        switch self {
        case .string(let bytes), .bytes(let bytes): .string(bytes.map { $0 & 0x7f })
        case .array(let values): .array(values.map(\.withText))
        case .map(let entries):
            .map(entries.map { Entry(key: $0.key.map { $0 & 0x7f }, value: $0.value.withText) })
        default: self
        }
    }
}

extension Google_Protobuf_Value {
    init(structValue: Google_Protobuf_Struct) {
        self.init()
        self.structValue = structValue
    }

    init(listValue: Google_Protobuf_ListValue) {
        self.init()
        self.listValue = listValue
    }
}

extension SwiftProtobuf.Message {
    /// The bytes that SwiftProtobuf writes, with the entries of maps in the order of their keys.
    func bytes() throws -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return try serializedBytes(options: options)
    }
}
