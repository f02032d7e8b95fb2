// Unsafe pointers: a plugin's table of fields is read here, no farther than its counts and sizes allow.

import CKongPlugin
import Glibc
import PluginLoader

/// What is wrong with a plugin's definition.
struct DefinitionError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A struct that a configuration, or a record in it, becomes: its size, and its members that are fields.
struct ConfigTable: Sendable {
    indirect enum Kind: Sendable {
        case text, string, integer, number, boolean, strings, integers, numbers, map, value
        case record(ConfigTable)
        case records(ConfigTable)

        var size: Int {
            switch self {
            case .text, .integer, .number: 8
            case .boolean: 1
            case .string, .strings, .integers, .numbers, .map, .records: 16
            case .value: MemoryLayout<kong_value>.size
            case .record(let table): table.size
            }
        }
    }

    struct Field: Sendable {
        let name: String
        let kind: Kind
        let offset: Int
        let attributes: [String: JSONValue]
    }

    let size: Int
    let fields: [Field]

    /// `sizeof(kong_field)` in ABI 1.1.
    private static let smallestField = 56
    private static let fieldLimit = 1000
    private static let depthLimit = 16
    private static let sizeLimit = 1 << 20

    /// Reads the table at `first`.
    init(
        _ first: UnsafePointer<kong_field>?, count: Int, size: Int, path: String = "config", depth: Int = 0
    ) throws(DefinitionError) {
        guard (0...Self.sizeLimit).contains(size) else {
            throw DefinitionError("\(path): its struct has \(UInt(bitPattern: size)) bytes")
        }
        guard (0...Self.fieldLimit).contains(count), count == 0 || first != nil else {
            throw DefinitionError("\(path): \(UInt(bitPattern: count)) fields at \(first == nil ? "NULL" : "some place")")
        }
        guard depth < Self.depthLimit else {
            throw DefinitionError("\(path): records are nested more than \(Self.depthLimit) deep")
        }
        self.size = size
        var fields: [Field] = []
        if let first, count > 0 {
            guard UInt(bitPattern: first) % 8 == 0 else { throw DefinitionError("\(path): its fields are at an odd address") }
            let place = UnsafeRawPointer(first)
            let stride = Int(first.pointee.size)
            guard stride >= Self.smallestField, stride <= MemoryLayout<kong_field>.size else {
                throw DefinitionError(
                    "\(path): a field has a size of \(stride); sizeof(kong_field) is \(MemoryLayout<kong_field>.size)")
            }
            for index in 0..<count {
                // What an older plugin does not have is zero.
                var field = kong_field()
                withUnsafeMutableBytes(of: &field) {
                    $0.copyMemory(from: UnsafeRawBufferPointer(start: place + index * stride, count: stride))
                }
                fields.append(try Self.field(field, in: size, path, depth))
            }
        }
        if let twice = fields.first(where: { field in fields.filter { $0.name == field.name }.count > 1 }) {
            throw DefinitionError("\(path).\(twice.name): there are two fields of this name")
        }
        self.fields = fields
    }

    private static func field(
        _ field: kong_field, in structSize: Int, _ path: String, _ depth: Int
    ) throws(DefinitionError) -> Field {
        guard let name = text(field.name, atMost: 256), !name.isEmpty else {
            throw DefinitionError("\(path): a field has no name, or too long a one")
        }
        let path = "\(path).\(name)"
        let kind = try kind(of: field, path, depth)
        let alignment = kind.size == 1 ? 1 : 8
        // The offset is a signed number here; and it may be any.
        guard field.offset >= 0, field.offset <= structSize, structSize - field.offset >= kind.size,
            field.offset % alignment == 0
        else {
            let offset = UInt(bitPattern: field.offset)
            throw DefinitionError(
                "\(path): a member of \(kind.size) bytes at offset \(offset) is not in a struct of \(structSize)")
        }
        guard let source = field.attributes.map({ text($0, atMost: 65536) }) ?? "" else {
            throw DefinitionError("\(path): its attributes are too long a text")
        }
        do throws(InvalidJSON) {
            return Field(name: name, kind: kind, offset: field.offset, attributes: try FieldAttributes.parse(source))
        } catch {
            throw DefinitionError("\(path): its attributes \(source.debugDescription) cannot be read: \(error)")
        }
    }

    private static func kind(of field: kong_field, _ path: String, _ depth: Int) throws(DefinitionError) -> Kind {
        switch Int(field.type) {
        case KONG_FIELD_TEXT: return .text
        case KONG_FIELD_STRING: return .string
        case KONG_FIELD_INTEGER: return .integer
        case KONG_FIELD_NUMBER: return .number
        case KONG_FIELD_BOOLEAN: return .boolean
        case KONG_FIELD_STRINGS: return .strings
        case KONG_FIELD_INTEGERS: return .integers
        case KONG_FIELD_NUMBERS: return .numbers
        case KONG_FIELD_MAP: return .map
        case KONG_FIELD_VALUE: return .value
        case KONG_FIELD_RECORD, KONG_FIELD_RECORDS:
            let table = try ConfigTable(
                field.fields, count: field.field_count, size: field.record_size, path: path, depth: depth + 1)
            guard table.size > 0 else { throw DefinitionError("\(path): its struct has no size") }
            return Int(field.type) == KONG_FIELD_RECORD ? .record(table) : .records(table)
        default: throw DefinitionError("\(path): there is no type \(field.type) of fields")
        }
    }

    /// A text of C's; nil if it is NULL or longer than makes sense.
    static func text(_ text: UnsafePointer<CChar>?, atMost limit: Int) -> String? {
        guard let text else { return nil }
        let length = strnlen(text, limit + 1)
        guard length <= limit else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
}
