import KongClient
import Testing
import WireProtocol

/// What becomes of a recorded answer where this server does not do what the Go server did.
enum Difference: Sendable {
    /// An error that contains the text.
    case error(String)
    /// Another result.
    case result(@Sendable (_ recorded: OwnedValue) -> OwnedValue)
}

/// Sends Kong's part of a recorded conversation in MessagePack to a server, and compares what it answers.
///
/// Ids are this server's own: those of the recording are replaced in requests by what the server has answered in their
/// place. Ids, process numbers and times are not compared, but for being numbers. Maps have no order.
///
/// The Go server says its pid as soon as a connection is accepted. This one speaks two protocols on one socket, and so
/// does not know whether a pid may be said before it has heard something: it says it before its first answer.
final class MessagePackReplay {
    private let server: TestServer
    private var connections: [String: RawConnection] = [:]
    private var pidsDue: Set<String> = []
    /// By what was recorded.
    private var instances: [Int64: Int64] = [:]
    private var events: [Int64: Int64] = [:]

    init(_ server: TestServer) { self.server = server }

    func connect(_ name: String) throws {
        connections[name] = try server.connect()
        pidsDue.insert(name)
    }

    func close(_ name: String) { connections.removeValue(forKey: name)?.close() }

    func connection(_ name: String) throws -> RawConnection {
        guard let connection = connections[name] else { throw TestFailure("no connection \(name)") }
        return connection
    }

    // MARK: To the server

    /// The request with this server's ids; the bytes as they were recorded if none was in them.
    func request(_ bytes: [UInt8]) throws -> [UInt8] {
        guard let message = try? MessagePack.decode(bytes), case .array(var parts) = message, parts.count == 4,
            let method = parts[2].text, case .array(let arguments) = parts[3], let argument = arguments.first
        else { return bytes }
        let replaced: OwnedValue
        if let instance = argument.integer, ["plugin.InstanceStatus", "plugin.CloseInstance"].contains(method) {
            replaced = .integer(instances[instance] ?? instance)
        } else if case .map(var map) = argument {
            for (key, ids) in [("InstanceId", instances), ("EventId", events)] {
                if let id = argument[key]?.integer, let own = ids[id] { map[Array(key.utf8)] = .integer(own) }
            }
            replaced = .map(map)
        } else {
            return bytes
        }
        if replaced == argument { return bytes }
        parts[3] = [replaced]
        return try MessagePack.encode(.array(parts))
    }

    // MARK: From the server

    /// Receives the answer that stands in the place of a recorded message, and compares the two.
    func expect(_ recordedBytes: [UInt8], on name: String, _ difference: Difference?, _ comment: Comment) throws {
        let recorded = try MessagePack.decode(recordedBytes)
        if recorded.items?.first == 2 { return }
        try expectPid(name, comment)
        let answer = try MessagePack.decode(connection(name).receiveMessagePack())
        guard let was = recorded.items, let now = answer.items, was.count == 4, now.count == 4 else {
            throw TestFailure("\(comment): not a response: \(answer), recorded: \(recorded)")
        }
        #expect(now[0] == 1, comment)
        #expect(now[1] == was[1], comment)
        if was[2] == .null, now[2] == .null { learn(was[3], now[3]) }
        switch difference {
        case nil:
            #expect(now[2] == withOwnID(was[2]), comment)
            #expect(Self.withoutNumbers(now[3]) == Self.withoutNumbers(was[3]), comment)
        case .error(let text):
            #expect(now[2].text?.contains(text) == true, "\(comment): \(now[2])")
            #expect(now[3] == .null, comment)
        case .result(let change):
            #expect(now[2] == .null, comment)
            #expect(Self.withoutNumbers(now[3]) == Self.withoutNumbers(change(was[3])), comment)
        }
    }

    func expectPid(_ name: String, _ comment: Comment) throws {
        guard pidsDue.remove(name) != nil else { return }
        let first = try MessagePack.decode(connection(name).receiveMessagePack("serverPid"))
        #expect(first == [2, "serverPid", .integer(Int64(server.process.pid))], comment)
    }

    private func learn(_ was: OwnedValue, _ now: OwnedValue) {
        if let old = was["Id"]?.integer, let new = now["Id"]?.integer { instances[old] = new }
        if let old = was["EventId"]?.integer, let new = now["EventId"]?.integer { events[old] = new }
    }

    /// "No plugin instance 24" and "No running event 14", with the id that this server has in that place.
    private func withOwnID(_ error: OwnedValue) -> OwnedValue {
        for (prefix, ids) in [("No plugin instance ", instances), ("No running event ", events)] {
            if let text = error.text, text.hasPrefix(prefix), let id = Int64(text.dropFirst(prefix.count)), let own = ids[id] {
                return .string(prefix + "\(own)")
            }
        }
        return error
    }

    private static let numbers: Set<String> = [
        "Id", "EventId", "Pid", "StartTime", "Modtime", "LoadTime", "LastStartInstance", "LastCloseInstance",
    ]

    private static func withoutNumbers(_ value: OwnedValue) -> OwnedValue {
        switch value {
        case .array(let items): .array(items.map(withoutNumbers))
        case .map(let map):
            .map(
                Dictionary(
                    map.map { key, value in
                        let isNumber = numbers.contains(String(decoding: key, as: UTF8.self)) && value.integer != nil
                        return (key, isNumber ? "(a number)" : withoutNumbers(value))
                    }, uniquingKeysWith: { $1 }))
        default: value
        }
    }
}

/// MessagePack as bytes, for what `KongClient` does not send or hides.
enum MessagePack {
    static func encode(_ value: OwnedValue) throws -> [UInt8] {
        let arena = ValueArena()
        var output = ByteQueue()
        try output.appendMessagePack(value.value(in: arena))
        return Array(output.bytes)
    }

    /// The only object in the bytes.
    static func decode(_ bytes: [UInt8]) throws -> OwnedValue {
        let arena = ValueArena()
        return try bytes.withUnsafeBytes { bytes in
            var reader = MessagePackReader(bytes)
            let value = OwnedValue(try reader.readValue(into: arena))
            guard reader.isAtEnd else { throw WireError.malformed }
            return value
        }
    }

    /// A request as Kong sends it.
    static func request(_ id: Int64, _ method: String, _ argument: OwnedValue) throws -> [UInt8] {
        try encode([0, .integer(id), .string(method), [argument]])
    }

    /// The objects that follow one another in the bytes, as far as they are whole.
    static func split(_ bytes: inout [UInt8]) throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while !bytes.isEmpty {
            var scanner = MessagePackScanner(limit: .max)
            guard let size = try bytes.withUnsafeBytes({ try scanner.scan($0) }) else { break }
            messages.append(Array(bytes.prefix(size)))
            bytes.removeFirst(size)
        }
        return messages
    }
}
