import Foundation

/// The recorded conversations in Tests/Fixtures/vectors.
enum Recording {
    struct Step {
        let scenario: String
        let isFromKong: Bool
        let bytes: [UInt8]
        /// What the recording says that the bytes mean.
        let decoded: String?
    }

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/vectors")

    /// The steps with bytes of a file of scenarios.
    static func steps(of file: String) throws -> [Step] {
        struct Scenario: Decodable {
            struct Step: Decodable {
                let dir: String?
                let hex: String?
                let decoded: String?
            }
            let scenario: String
            let steps: [Step]
        }
        let data = try Data(contentsOf: folder.appendingPathComponent(file))
        return try JSONDecoder().decode([Scenario].self, from: data).flatMap { scenario in
            scenario.steps.compactMap { step in
                guard let hex = step.hex else { return nil }
                return Step(
                    scenario: scenario.scenario, isFromKong: step.dir == "kong>server", bytes: bytes(hex: hex),
                    decoded: step.decoded)
            }
        }
    }

    /// What crossed the socket between a real Kong and a Go server: of each connection, in each direction, all bytes.
    static func streams(of file: String) throws -> (fromKong: [[UInt8]], fromServer: [[UInt8]]) {
        struct Chunk: Decodable {
            let conn: String
            let dir: String?
            let hex: String?
        }
        var fromKong: [String: [UInt8]] = [:]
        var fromServer: [String: [UInt8]] = [:]
        let lines = try String(contentsOf: folder.appendingPathComponent("kong/\(file)"), encoding: .utf8)
        for line in lines.split(separator: "\n") {
            let chunk = try JSONDecoder().decode(Chunk.self, from: Data(line.utf8))
            guard let hex = chunk.hex else { continue }
            if chunk.dir == "kong>server" {
                fromKong[chunk.conn, default: []] += bytes(hex: hex)
            } else {
                fromServer[chunk.conn, default: []] += bytes(hex: hex)
            }
        }
        return (fromKong.sorted { $0.key < $1.key }.map(\.value), fromServer.sorted { $0.key < $1.key }.map(\.value))
    }

    static func bytes(hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
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
