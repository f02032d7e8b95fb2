// Unsafe pointers: messages are read where they lie.

import CKongPlugin
import PDKCatalogue
import WireProtocol

/// A request of ProtoBuf:1, with strings of its own.
enum ProtoBufRequest {
    case getPluginNames
    case getPluginInfo(name: String)
    case startInstance(name: String, config: String)
    case getInstanceStatus(Int64)
    case closeInstance(Int64)
    case handleEvent(instance: Int64, phase: String)

    /// The `RpcCall`'s bytes.
    func encoded(sequence: Int64) throws(KongClientError) -> [UInt8] {
        let arena = ValueArena()
        func text(_ text: String) -> kong_string { Array(text.utf8).withUnsafeBytes(arena.copy) }
        let command: RpcCommand =
            switch self {
            case .getPluginNames: .getPluginNames
            case .getPluginInfo(let name): .getPluginInfo(name: text(name))
            case .startInstance(let name, let config): .startInstance(name: text(name), config: text(config))
            case .getInstanceStatus(let id): .getInstanceStatus(Int32(truncatingIfNeeded: id))
            case .closeInstance(let id): .closeInstance(Int32(truncatingIfNeeded: id))
            case .handleEvent(let id, let phase):
                .handleEvent(instance: Int32(truncatingIfNeeded: id), phase: text(phase))
            }
        return try KongClient.encoding { (queue) throws(WireError) in
            try RpcCall(sequence: sequence, command: command).append(to: &queue)
        }
    }
}

extension KongClient {
    func instanceStatus(_ request: ProtoBufRequest) throws(KongClientError) -> InstanceReport {
        let arena = ValueArena()
        return try call(request, arena) { (answer) throws(KongClientError) in
            guard case .instanceStatus(let status)? = answer.result else {
                throw .violation("the return of \(request) has no instance_status")
            }
            return InstanceReport(
                name: status.name, id: Int64(status.instanceID), config: status.config.map { OwnedValue($0) },
                startedAt: status.startedAt)
        }
    }

    /// The names of the server's plugins: ProtoBuf:1 only.
    public func getPluginNames() throws(KongClientError) -> [String] {
        guard wireProtocol == .protoBuf else { throw .unsupported("cmd_get_plugin_names") }
        return try call(.getPluginNames, ValueArena()) { (answer) throws(KongClientError) in
            // Without a name the message is empty, and may be left out.
            if case .pluginNames(let names)? = answer.result { names } else { [] }
        }
    }

    func pluginInfo(_ name: String) throws(KongClientError) -> OwnedValue {
        try call(.getPluginInfo(name: name), ValueArena()) { (answer) throws(KongClientError) in
            guard case .pluginInfo(let info)? = answer.result else {
                throw .violation("the return of cmd_get_plugin_info has no plugin_info")
            }
            return [
                "Name": .string(info.name), "Version": .string(info.version), "Priority": .integer(Int64(info.priority)),
                "Phases": .array(info.phases.map { .string($0) }), "Schema": .string(info.schema),
            ]
        }
    }

    /// The event has its connection for itself until its return.
    func handleProtoBufEvent(_ instance: Int64, _ phase: String, _ pdk: (PDKCall) throws -> PDKReply) throws {
        let sequence = nextID()
        let connection = try pool.take()
        do {
            let request = ProtoBufRequest.handleEvent(instance: instance, phase: phase)
            try connection.send(Self.framed(request.encoded(sequence: sequence)))
            while true {
                if !connection.hasReceived { countRoundTrip() }
                let name = try connection.receiveFrame("PDK call, or the event's end")
                if name.isEmpty { break }
                let bytes = try connection.receiveFrame("PDK call's arguments")
                guard let reply = try answer(String(decoding: name, as: UTF8.self), bytes, pdk) else {
                    connection.close()
                    return
                }
                try connection.send(Self.framed(reply))
            }
            try Self.receiveReturn(of: sequence, on: connection, ValueArena()) { (_) throws(KongClientError) in }
        } catch {
            connection.close()
            throw error
        }
        try pool.keep(connection)
    }

    /// Runs a PDK call. Nil: it never answers.
    private func answer(_ name: String, _ bytes: [UInt8], _ pdk: (PDKCall) throws -> PDKReply) throws -> [UInt8]? {
        guard let method = PDKCatalogue.method(named: name).flatMap({ PDKCatalogue[$0] }), let input = method.input,
            let output = method.output
        else { throw KongClientError.violation("method \"\(name)\" not found") }
        let arena = ValueArena()
        let arguments = try bytes.withUnsafeBytes { bytes in
            try ProtoBufMessages.decodeArguments(of: input, from: bytes, into: arena).map { OwnedValue($0) }
        }
        switch try pdk(PDKCall(name, arguments)) {
        case .value(let result):
            return try Self.encoding { (queue) throws(WireError) in
                try ProtoBufMessages.encodeResult(output, result.value(in: arena), into: &queue)
            }
        case .error(let text):
            return try Self.encoding { (queue) throws(WireError) in
                if output == .rawBodyResult {
                    ProtoBufMessages.encodeRawBodyError(Array(text.utf8).withUnsafeBytes(arena.copy), into: &queue)
                } else {
                    try ProtoBufMessages.encodeResult(output, .null, into: &queue)
                }
            }
        case .neverAnswers: return nil
        }
    }

    // MARK: Frames

    private func call<Value>(
        _ request: ProtoBufRequest, _ arena: ValueArena, _ read: (RpcReturn) throws(KongClientError) -> Value
    ) throws(KongClientError) -> Value {
        let sequence = nextID()
        let connection = try pool.take()
        let value: Value
        do throws(KongClientError) {
            try connection.send(Self.framed(request.encoded(sequence: sequence)))
            value = try Self.receiveReturn(of: sequence, on: connection, arena, read)
        } catch {
            connection.close()
            throw error
        }
        // A process's last word, if the start of the instance is its end.
        let isStart = if case .startInstance = request { true } else { false }
        try pool.keep(connection, mayBeClosed: isStart)
        return value
    }

    private static func receiveReturn<Value>(
        of sequence: Int64, on connection: RawConnection, _ arena: ValueArena,
        _ read: (RpcReturn) throws(KongClientError) -> Value
    ) throws(KongClientError) -> Value {
        let bytes = try connection.receiveFrame("RpcReturn")
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(KongClientError) in
                let answer: RpcReturn
                do throws(WireError) {
                    answer = try RpcReturn(decoding: bytes, into: arena)
                } catch {
                    throw KongClientError.wire(error)
                }
                guard answer.sequence == sequence else {
                    throw KongClientError.violation("RpcReturn of \(answer.sequence), not of \(sequence)")
                }
                return try read(answer)
            }
        }
        return try result.get()
    }

    /// The payload as a frame: its length in four bytes, lowest first, and itself.
    public static func framed(_ payload: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) } + payload
    }

    fileprivate static func encoding(
        _ append: (inout ByteQueue) throws(WireError) -> Void
    ) throws(KongClientError) -> [UInt8] {
        var queue = ByteQueue()
        do throws(WireError) {
            try append(&queue)
        } catch {
            throw .wire(error)
        }
        return Array(queue.bytes)
    }
}
