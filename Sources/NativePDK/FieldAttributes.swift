import PluginLoader

/// The attributes of a field as C authors write them: JSON without the braces around it, in which names need no quotes and
/// strings may have single ones.
enum FieldAttributes {
    /// Reads them.
    static func parse(_ text: String) throws(InvalidJSON) -> [String: JSONValue] {
        guard case .object(let attributes) = try JSONValue(parsing: "{\(strict(text))}") else { throw InvalidJSON(text) }
        return attributes
    }

    /// The same as JSON has it.
    private static func strict(_ text: String) -> String {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                result += string(&rest)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                let word = rest.prefix { isWord($0) }
                rest = rest.dropFirst(word.count)
                // A name is what a colon follows; true, false and null are JSON's, and others JSON's decoder refuses.
                let isName = rest.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: ":")
                result += isName ? [UInt8(ascii: "\"")] + word + [UInt8(ascii: "\"")] : Array(word)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                // With its exponent, which is no word.
                let number = rest.prefix { isWord($0) || [UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0) }
                rest = rest.dropFirst(number.count)
                result += number
            default:
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Takes a string with either kind of quotes, and gives it with double ones.
    private static func string(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let (quote, double, backslash) = (rest.removeFirst(), UInt8(ascii: "\""), UInt8(ascii: "\\"))
        var result = [double]
        while let byte = rest.popFirst() {
            if byte == quote { return result + [double] }
            if byte == backslash, let next = rest.popFirst() {
                result += next == UInt8(ascii: "'") ? [next] : [byte, next]
            } else if byte == double {
                result += [backslash, double]
            } else {
                result.append(byte)
            }
        }
        // It has no end, and JSON's decoder says so.
        return result
    }
}
