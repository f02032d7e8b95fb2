import KongClient
import PluginLoader

/// Asks a running server, at its control socket.
struct ControlClient {
    let path: String
    var timeout: Duration = .seconds(10)

    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// What the server has answered, if it has.
        var answer: JSONValue?
    }

    /// One command, with what it needs: a line of JSON there, and a line back.
    func ask(_ command: String, _ members: [String: JSONValue] = [:]) throws(Failure) -> JSONValue {
        let connection: RawConnection
        do {
            connection = try RawConnection(path: path, timeout: timeout)
        } catch {
            throw Failure(description: "no server answers at \(path.printable): \(error)\n  fix: give -kong-prefix, or --control-socket, as the server has it, and ask as its user or as root")
        }
        let request = JSONValue.object(members.merging(["command": .string(command)]) { $1 })
        let text: String
        do {
            try connection.send(Array(request.text.utf8) + [UInt8(ascii: "\n")])
            text = String(decoding: try connection.receiveUntilClosed(), as: UTF8.self)
        } catch {
            throw Failure(description: "the server at \(path.printable) does not answer: \(error)")
        }
        guard text.last == "\n", let answer = try? JSONValue(parsing: text) else {
            throw Failure(description: "the server at \(path.printable) closed the connection instead of answering")
        }
        if case .string(let error)? = answer["error"] {
            throw Failure(description: "the server refuses: \(error.printable)", answer: answer)
        }
        return answer
    }
}
