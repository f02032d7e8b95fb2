import Foundation

/// The recorded conversations of Kong and its Go servers, in Tests/Fixtures/vectors.
package struct Recording: Decodable, Sendable {
    package struct Step: Decodable, Sendable {
        package let conn: String?
        /// "kong>server" or "server>kong".
        package let dir: String?
        package let hex: String?
        package let decoded: String?
        package let event: String?

        package var isFromKong: Bool { dir == "kong>server" }
        package var bytes: [UInt8] { Recording.bytes(hex: hex ?? "") }
    }

    package let scenario: String
    package let steps: [Step]

    package static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Fixtures/vectors").standardized

    /// The scenarios of a file.
    package static func all(in file: String) throws -> [Recording] {
        try JSONDecoder().decode([Recording].self, from: Data(contentsOf: folder.appendingPathComponent(file)))
    }

    /// What crossed a socket between real Kong and a Go server, chunk by chunk.
    package static func traffic(in file: String) throws -> [Step] {
        let text = try String(contentsOf: folder.appendingPathComponent("kong/\(file)"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Step.self, from: Data($0.utf8)) }
    }

    package static func bytes(hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// A recorded run of a Go server's program.
package struct RecordedCommand: Decodable, Sendable {
    package let scenario: String
    package let argv: [String]?
    package let exitStatus: Int32?
    package let stdout: String?
    package let stdoutHex: String?

    private enum CodingKeys: String, CodingKey {
        case scenario, argv, stdout
        case exitStatus = "exit_status"
        case stdoutHex = "stdout_hex"
    }

    package var output: [UInt8] { stdoutHex.map(Recording.bytes(hex:)) ?? Array((stdout ?? "").utf8) }

    package static func all(in file: String) throws -> [String: RecordedCommand] {
        let data = try Data(contentsOf: Recording.folder.appendingPathComponent(file))
        let commands = try JSONDecoder().decode([RecordedCommand].self, from: data)
        return Dictionary(commands.map { ($0.scenario, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
