import WireProtocol

/// Values as the library that `kong.log.inspect` uses writes them: a list on one line, a table with an entry on each.
enum LuaInspection {
    static func text(of value: OwnedValue, depth: Int = 0) -> [UInt8] {
        switch value {
        case .string(let bytes), .bytes(let bytes): quoted(bytes)
        case .array(let items): list(Array(items.prefix { $0 != .null }), depth)
        case .map(let map): table(map, depth)
        default: value.luaText
        }
    }

    private static func list(_ items: [OwnedValue], _ depth: Int) -> [UInt8] {
        guard !items.isEmpty else { return Array("{}".utf8) }
        let texts = items.map { text(of: $0, depth: depth + 1) }
        return Array("{ ".utf8) + texts.joined(separator: Array(", ".utf8)) + Array(" }".utf8)
    }

    private static func table(_ map: [[UInt8]: OwnedValue], _ depth: Int) -> [UInt8] {
        guard !map.isEmpty else { return Array("{}".utf8) }
        func line(_ depth: Int) -> [UInt8] { Array(("\n" + String(repeating: "  ", count: depth)).utf8) }
        let entries = map.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, value in
            line(depth + 1) + name(key) + Array(" = ".utf8) + text(of: value, depth: depth + 1)
        }
        return Array("{".utf8) + entries.joined(separator: Array(",".utf8)) + line(depth) + Array("}".utf8)
    }

    /// A key that Lua could write as a name is written so.
    private static func name(_ key: [UInt8]) -> [UInt8] {
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_") }
        let isName = key.first.map(isLetter) ?? false && key.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
        return isName ? key : Array("[".utf8) + quoted(key) + Array("]".utf8)
    }

    /// In single quotes if there are double ones in it, and no single ones.
    private static func quoted(_ bytes: [UInt8]) -> [UInt8] {
        let (single, double) = (UInt8(ascii: "'"), UInt8(ascii: "\""))
        let mark = bytes.contains(double) && !bytes.contains(single) ? single : double
        let body = bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x0A: Array("\\n".utf8)
            case 0x0D: Array("\\r".utf8)
            case 0x09: Array("\\t".utf8)
            case 0..<0x20, 0x7F: Array("\\\(byte)".utf8)
            case UInt8(ascii: "\\"): Array("\\\\".utf8)
            default: byte == mark ? [UInt8(ascii: "\\"), byte] : [byte]
            }
        }
        return [mark] + body + [mark]
    }
}
