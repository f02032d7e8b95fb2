import Glibc
import WireProtocol

// Values as Lua has them.

extension OwnedValue {
    /// What Lua's `type` says.
    var luaType: String {
        switch self {
        case .null: "nil"
        case .boolean: "boolean"
        case .integer, .number: "number"
        case .string, .bytes: "string"
        case .array, .map: "table"
        }
    }

    var isTable: Bool { luaType == "table" }

    /// Everything is true but nil and false.
    var isTrue: Bool { self != .null && self != .boolean(false) }

    /// A number, whether whole or not.
    var luaNumber: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }

    /// The value as a Lua table would hold it: one kind of string and of number, and no nil in a map.
    var luaValue: OwnedValue {
        switch self {
        case .bytes(let bytes): .string(bytes)
        case .number(let number): OwnedValue(luaNumber: number)
        case .array(let items): .array(items.map(\.luaValue))
        case .map(let map): .map(map.filter { $0.value != .null }.mapValues(\.luaValue))
        default: self
        }
    }

    /// A number of Lua: an integer if it is whole and exact.
    init(luaNumber number: Double) {
        self = number.magnitude <= 0x1p53 && number == number.rounded(.towardZero) ? .integer(Int64(number)) : .number(number)
    }

    /// The elements that `ipairs` visits: those before the first nil. None for a map.
    var luaSequence: [OwnedValue] { Array((items ?? []).prefix { $0 != .null }) }

    /// What Lua's `tostring` makes of it.
    var luaText: [UInt8] {
        switch self {
        case .null: Array("nil".utf8)
        case .boolean(let boolean): Array("\(boolean)".utf8)
        case .integer(let integer): Lua.text(of: Double(integer))
        case .number(let number): Lua.text(of: number)
        case .string(let bytes), .bytes(let bytes): bytes
        // A table's address, which is nothing to rely on: one that no table of Kong's has.
        case .array, .map: Array("table: 0x00000000".utf8)
        }
    }

    /// A string, or a number, which Lua's string functions take for one.
    var luaString: [UInt8]? {
        switch self {
        case .string(let bytes), .bytes(let bytes): bytes
        case .integer, .number: luaText
        default: nil
        }
    }
}

enum Lua {
    /// A number as `tostring` writes it: with 14 digits.
    static func text(of number: Double) -> [UInt8] {
        number.isNaN ? Array("nan".utf8) : format("%.14g", number)
    }

    /// Formats a number with one of C's formats.
    static func format(_ format: String, _ number: Double) -> [UInt8] {
        // 1e308 with a few places behind the point is the longest.
        var buffer = [CChar](repeating: 0, count: 512)
        let count = withVaList([number]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return buffer.prefix(max(0, min(Int(count), buffer.count - 1))).map { UInt8(bitPattern: $0) }
    }

    /// `tonumber(text, 10)`, which in LuaJIT takes hexadecimal and fractions all the same.
    static func number(_ text: [UInt8]) -> Double? {
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D]
        let trimmed = text.drop { space.contains($0) }.reversed().drop { space.contains($0) }.reversed()
        return Double(String(decoding: Array(trimmed), as: UTF8.self))
    }

    /// `%q`.
    static func quoted(_ text: [UInt8]) -> String {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "\n"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7F:
                let digits = Array("\(byte)".utf8)
                let isBeforeDigit = index + 1 < text.count && (0x30...0x39).contains(text[index + 1])
                let zeros = isBeforeDigit ? Array(repeating: UInt8(ascii: "0"), count: 3 - digits.count) : []
                result += [UInt8(ascii: "\\")] + zeros + digits
            default: result.append(byte)
            }
        }
        return String(decoding: result + [UInt8(ascii: "\"")], as: UTF8.self)
    }
}

extension [String: OwnedValue] {
    /// The entries of a map.
    var byBytes: [[UInt8]: OwnedValue] {
        [[UInt8]: OwnedValue](uniqueKeysWithValues: map { (Array($0.key.utf8), $0.value) })
    }
}

extension [UInt8] {
    /// ASCII letters in lower case, other bytes as they are: Lua's `lower` in the C locale, and nginx's `ngx_strlow`.
    var lowercasedASCII: [UInt8] {
        map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    func replacing(_ byte: UInt8, with other: UInt8) -> [UInt8] {
        map { $0 == byte ? other : $0 }
    }

    /// The place of the first occurrence.
    func range(of part: [UInt8], from start: Int = 0) -> Range<Int>? {
        guard !part.isEmpty, count >= part.count, start <= count - part.count else { return nil }
        for index in start...(count - part.count) where self[index..<(index + part.count)].elementsEqual(part) {
            return index..<(index + part.count)
        }
        return nil
    }

    /// The text, with what is not UTF-8 replaced.
    var text: String { String(decoding: self, as: UTF8.self) }
}
