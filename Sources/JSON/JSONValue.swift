import FoundationEssentials

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
        guard Self.depth(of: text) <= Self.depthLimit else { throw InvalidJSON(deeperThan: Self.depthLimit) }
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        } catch {
            throw InvalidJSON(text)
        }
    }

    /// No deeper than what plugins are given; and Foundation's decoder takes time by the square of the depth.
    public static let depthLimit = 64

    /// How deep arrays and objects are nested in a JSON text.
    private static func depth(of text: String) -> Int {
        var (depth, deepest) = (0, 0)
        var (isInString, isEscaped) = (false, false)
        for byte in text.utf8 {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
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

    init(deeperThan limit: Int) {
        description = "JSON that is nested deeper than \(limit)"
    }

    /// - Parameter text: with what is not UTF-8 replaced.
    public init(notUTF8 text: String) {
        description = "JSON that is not UTF-8: \(text.prefix(80).debugDescription)"
    }

    public init(_ text: String) {
        description =
            text.isEmpty ? "unexpected end of JSON input" : "invalid JSON: \(text.prefix(80).debugDescription)"
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            // What there is most of comes first: each miss costs an error that names the whole path.
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
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
