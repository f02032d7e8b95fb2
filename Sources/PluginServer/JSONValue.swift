// Unsafe pointers: values are copied to and from the ABI's.

import CKongPlugin
import FoundationEssentials
import WireProtocol

/// JSON as Kong and plugins exchange it at start: configurations, schemas, descriptions. Text that is made of other
/// bytes than UTF-8 does not occur here: JSON has none.
public enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public subscript(key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// Reads JSON text. Errors are Foundation's `DecodingError`s, put into words.
    public init(parsing text: String) throws(InvalidJSON) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        } catch {
            throw InvalidJSON(text)
        }
    }

    /// JSON text on one line, keys sorted.
    public var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(self) else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Text that is not JSON.
public struct InvalidJSON: Error, CustomStringConvertible {
    public let description: String

    init(_ text: String) {
        description =
            text.isEmpty ? "unexpected end of JSON input" : "invalid JSON: \(text.prefix(80).debugDescription)"
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue {
    /// Deeper values are cut off: what a plugin or a client has nested so deep is not a configuration.
    private static let depthLimit = 64

    /// A copy of a plugin's value.
    init(_ value: kong_value, depth: Int = 0) {
        guard depth < Self.depthLimit else {
            self = .null
            return
        }
        switch Int(value.type) {
        case KONG_BOOLEAN: self = .boolean(value.boolean)
        case KONG_INTEGER: self = .integer(value.integer)
        case KONG_NUMBER: self = .number(value.number)
        case KONG_STRING, KONG_BYTES: self = .string(value.string.text)
        case KONG_ARRAY:
            self = .array(value.items.map { JSONValue($0, depth: depth + 1) })
        case KONG_MAP:
            self = .object(
                Dictionary(
                    value.entries.map { ($0.key.text, JSONValue($0.value, depth: depth + 1)) },
                    uniquingKeysWith: { $1 }))
        default: self = .null
        }
    }

    /// The value as a plugin gets it; it lives as long as the arena's values.
    func kongValue(in arena: ValueArena) -> kong_value {
        switch self {
        case .null: return .null
        case .boolean(let value): return kong_value(value)
        case .integer(let value): return kong_value(value)
        case .number(let value): return kong_value(value)
        case .string(let value): return kong_value(Self.copy(value, to: arena))
        case .array(let values):
            let items = arena.allocate(kong_value.self, count: values.count)
            for (index, value) in values.enumerated() {
                items.initializeElement(at: index, to: value.kongValue(in: arena))
            }
            return kong_value(UnsafeBufferPointer(items))
        case .object(let object):
            let entries = arena.allocate(kong_entry.self, count: object.count)
            for (index, (key, value)) in object.enumerated() {
                entries.initializeElement(
                    at: index, to: kong_entry(key: Self.copy(key, to: arena), value: value.kongValue(in: arena)))
            }
            return kong_value(UnsafeBufferPointer(entries))
        }
    }

    private static func copy(_ text: String, to arena: ValueArena) -> kong_string {
        var text = text
        return text.withUTF8 { arena.copy(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the value to a MessagePack message.
    public func appendMessagePack(to output: inout ByteQueue) {
        switch self {
        case .null: output.appendMessagePackNil()
        case .boolean(let value): output.appendMessagePack(value)
        case .integer(let value): output.appendMessagePack(value)
        case .number(let value): output.appendMessagePack(value)
        case .string(let value): output.appendMessagePack(string: value)
        case .array(let values):
            output.appendMessagePack(arrayCount: values.count)
            for value in values { value.appendMessagePack(to: &output) }
        case .object(let object):
            output.appendMessagePack(mapCount: object.count)
            for (key, value) in object.sorted(by: { $0.key < $1.key }) {
                output.appendMessagePack(string: key)
                value.appendMessagePack(to: &output)
            }
        }
    }
}
