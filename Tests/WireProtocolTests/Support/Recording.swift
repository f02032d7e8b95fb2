import Foundation

extension Recording {
    /// The steps with bytes of a file of scenarios, each with its scenario's name.
    static func steps(of file: String) throws -> [(scenario: String, step: Step)] {
        try all(in: file).flatMap { recording in
            recording.steps.filter { $0.hex != nil }.map { (recording.scenario, $0) }
        }
    }

    /// What crossed the socket between a real Kong and a Go server: of each connection, in each direction, all bytes.
    static func streams(of file: String) throws -> (fromKong: [[UInt8]], fromServer: [[UInt8]]) {
        var fromKong: [String: [UInt8]] = [:]
        var fromServer: [String: [UInt8]] = [:]
        for step in try traffic(in: file) where step.hex != nil {
            if step.isFromKong {
                fromKong[step.conn ?? "", default: []] += step.bytes
            } else {
                fromServer[step.conn ?? "", default: []] += step.bytes
            }
        }
        return (fromKong.sorted { $0.key < $1.key }.map(\.value), fromServer.sorted { $0.key < $1.key }.map(\.value))
    }
}

/// Reads how the recordings write MessagePack: `fixarray[fixint(1), nil, fixmap{fixstr("a"): float64(0.5)}]`.
struct RecordedValue {
    struct Invalid: Error {
        let rest: String
    }

    private var rest: Substring

    static func parse(_ text: String) throws -> TestValue {
        var parser = RecordedValue(rest: text[...])
        let value = try parser.value()
        guard parser.rest.isEmpty else { throw parser.invalid }
        return value
    }

    private var invalid: Invalid { Invalid(rest: String(rest.prefix(40))) }

    private mutating func take(_ prefix: String) -> Bool {
        guard rest.hasPrefix(prefix) else { return false }
        rest.removeFirst(prefix.count)
        return true
    }

    private mutating func value() throws -> TestValue {
        let type = rest.prefix { $0.isLetter || $0.isNumber }
        rest.removeFirst(type.count)
        switch type {
        case "nil": return .null
        case "true": return true
        case "false": return false
        default: break
        }
        if take("[") { return .array(try list(until: "]") { parser in try parser.value() }) }
        if take("{") {
            return .map(
                try list(until: "}") { parser in
                    guard case .string(let key) = try parser.value(), parser.take(": ") else { throw parser.invalid }
                    return TestValue.Entry(key: key, value: try parser.value())
                })
        }
        guard take("(") else { throw invalid }
        let value: TestValue
        if type.contains("str") {
            value = .string(Array(try quoted().utf8))
        } else {
            let digits = rest.prefix { $0 != ")" }
            rest.removeFirst(digits.count)
            if type.contains("int"), let integer = Int64(digits) {
                value = .integer(integer)
            } else if type.contains("float"), let number = Double(digits) {
                value = .number(number)
            } else {
                throw invalid
            }
        }
        guard take(")") else { throw invalid }
        return value
    }

    private mutating func list<Item>(until end: String, _ item: (inout RecordedValue) throws -> Item) throws -> [Item] {
        var items: [Item] = []
        while !take(end) {
            if !items.isEmpty, !take(", ") { throw invalid }
            items.append(try item(&self))
        }
        return items
    }

    /// A string as JSON has it.
    private mutating func quoted() throws -> String {
        guard rest.first == "\"" else { throw invalid }
        var end = rest.index(after: rest.startIndex)
        while end < rest.endIndex, rest[end] != "\"" {
            end = rest.index(end, offsetBy: rest[end] == "\\" ? 2 : 1, limitedBy: rest.endIndex) ?? rest.endIndex
        }
        guard end < rest.endIndex else { throw invalid }
        let json = rest[...end]
        rest = rest[rest.index(after: end)...]
        return try JSONDecoder().decode(String.self, from: Data(json.utf8))
    }
}
