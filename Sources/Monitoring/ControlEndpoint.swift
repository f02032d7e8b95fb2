// Unsafe pointers: a request is lent from the connection's input.

import JSON

/// The control socket's: a JSON object on a line asks, another one on a line answers, and the connection is closed.
///
///     {"command":"status"}
///     {"format":1,…}
///
/// What cannot be done is answered with `{"error":"why"}`. See docs/status.md.
public final class ControlEndpoint: Endpoint {
    /// Does something, and calls `answer` once, on the service's loop.
    public typealias Command = (_ request: JSONValue, _ answer: @escaping @Sendable (JSONValue) -> Void) -> Void

    private let commands: [String: Command]

    public let requestLimit = 64 * 1024

    /// - Parameter commands: by name.
    public init(_ commands: [String: Command]) {
        self.commands = commands
    }

    public func take(_ request: UnsafeRawBufferPointer) -> Intake {
        guard let end = request.firstIndex(of: UInt8(ascii: "\n")) else { return .incomplete }
        guard let text = String(validating: request[..<end], as: UTF8.self), let json = try? JSONValue(parsing: text) else {
            return .answer(Self.error("the request is not JSON"))
        }
        guard case .string(let name)? = json["command"] else { return .answer(Self.error("the request has no command")) }
        guard let command = commands[name] else {
            return .answer(Self.error("there is no command \"\(name)\"; there are: \(commands.keys.sorted().joined(separator: ", "))"))
        }
        return .later { answer in command(json) { answer(Self.line($0)) } }
    }

    public var answerToExcess: [UInt8] { Self.error("the request is longer than \(requestLimit) bytes") }

    private static func error(_ text: String) -> [UInt8] { line(.object(["error": .string(text)])) }

    private static func line(_ json: JSONValue) -> [UInt8] { Array(json.text.utf8) + [UInt8(ascii: "\n")] }
}
