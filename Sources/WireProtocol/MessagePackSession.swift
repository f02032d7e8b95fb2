// Unsafe pointers: requests are lent from the caller's buffer.

import CKongPlugin

/// One connection of MessagePack-RPC, seen from the server: a state machine that does no input or output.
///
/// A request is `[0, id, method, [argument]]`, a response `[1, id, error, result]`. Kong asks for each step of an
/// event, and takes any connection of its pool for it, so events do not belong to a connection: this knows requests
/// and responses only.
///
/// Source: kong/runloop/plugin_servers/rpc/mp_rpc.lua; the msgpack-rpc specification.
public struct MessagePackSession: ~Copyable {
    /// What Kong asks for.
    public enum Request {
        case startInstance(name: kong_string, config: kong_string)
        case instanceStatus(Int64)
        case closeInstance(Int64)
        case handleEvent(instance: Int64, phase: kong_string)
        /// Kong's answer to the PDK call of an event. `refused`: it is the text of an error.
        case step(event: Int64, data: kong_value, refused: Bool)
        case getPluginInfo(name: kong_string)
        case setPluginDirectory(kong_string)
        case getStatus
        case unknown(method: kong_string)
        /// The arguments are not the method's; the text says what is wrong with them.
        case malformed(method: kong_string, reason: String)
    }

    public struct Message {
        public let id: Int64
        public let request: Request
    }

    private var scanner: MessagePackScanner

    /// - Parameter limit: no message may be larger, in bytes.
    public init(limit: Int) {
        scanner = MessagePackScanner(limit: limit)
    }

    // MARK: From Kong

    /// The size of the first message in `bytes`; nil: it is not whole yet. Pass the same bytes again, and more, until
    /// it is; then `receive` them.
    public mutating func messageSize(in bytes: UnsafeRawBufferPointer) throws(WireError) -> Int? {
        try scanner.scan(bytes)
    }

    /// What comes with each event: its beginning, and Kong's answers to its calls.
    public struct EventMessage {
        public enum Kind {
            case handleEvent(instance: Int64, phase: kong_string)
            /// As `Request.step`.
            case step(event: Int64, data: kong_value, refused: Bool)
        }

        public let id: Int64
        public let kind: Kind
        /// How many bytes it takes up.
        public let size: Int
    }

    /// Takes the first message in `bytes` in at one go, if it is one of an event, small, whole, and as Kong writes it. Nil: it is another,
    /// and nothing has been taken in; `messageSize` and `receive` tell what it is.
    @inline(__always)
    public func receiveEventMessage(in bytes: UnsafeRawBufferPointer, arena: ValueArena) -> EventMessage? {
        guard !scanner.hasBegun, bytes.count > 3 else { return nil }
        // A request is an array of four, and its first item is 0.
        guard bytes[0] == 0x94, bytes[1] == 0 else { return nil }
        return try? Self.readEventMessage(
            UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Self.smallSize, scanner.limit)]), arena)
    }

    /// Reading less than that twice costs little.
    private static let smallSize = 4096

    /// - Parameter bytes: begin with the head of a request.
    private static func readEventMessage(
        _ bytes: UnsafeRawBufferPointer, _ arena: ValueArena
    ) throws(WireError) -> EventMessage {
        var reader = MessagePackReader(bytes, from: 2)
        let id = try reader.readInteger()
        let method = try reader.readString()
        guard try reader.readArrayCount() == 1 else { throw .unsupported }
        if method.hasPrefix("plugin.Step") {
            // Nil is no value of a table: Data is missing then.
            let count = try reader.readMapCount()
            var event: Int64?
            var data: kong_value?
            for _ in 0..<min(count, 3) {
                let key = try reader.readString()
                if event == nil, key == "EventId" {
                    event = try reader.readInteger()
                } else if data == nil, key == "Data" {
                    data = try reader.readEntryValue(into: arena)
                } else {
                    throw .unsupported
                }
            }
            guard let event else { throw .unsupported }
            return EventMessage(
                id: id, kind: .step(event: event, data: data ?? kong_value(), refused: method == "plugin.StepError"),
                size: reader.position)
        }
        guard method == "plugin.HandleEvent", try reader.readMapCount() == 2 else { throw .unsupported }
        var instance: Int64?
        var phase: kong_string?
        for _ in 0..<2 {
            let key = try reader.readString()
            if instance == nil, key == "InstanceId" {
                instance = try reader.readInteger()
            } else if phase == nil, key == "EventName" {
                phase = try reader.readString()
            } else {
                throw .unsupported
            }
        }
        guard let instance, let phase else { throw .unsupported }
        return EventMessage(id: id, kind: .handleEvent(instance: instance, phase: phase), size: reader.position)
    }

    /// Takes a message in. It throws when it cannot even be answered: it is no request, or has no id.
    public mutating func receive(
        _ message: UnsafeRawBufferPointer, arena: ValueArena
    ) throws(WireError) -> Message {
        scanner.reset()
        var reader = MessagePackReader(message)
        guard try reader.readArrayCount() == 4, try reader.readInteger() == 0 else { throw .malformed }
        let id = try reader.readInteger()
        let method = try reader.readString()
        do {
            // Go's encoder, and so its server, let a method without an argument come with none.
            let count = try reader.readArrayCount()
            let argument = count > 0 ? try reader.readValue(into: arena) : kong_value()
            return Message(id: id, request: Self.request(method, argument))
        } catch {
            return Message(id: id, request: .malformed(method: method, reason: "\(error)"))
        }
    }

    private static func request(_ method: kong_string, _ argument: kong_value) -> Request {
        // Kong's methods all start "plugin."; the steps of events, which come most often, are told apart by a byte.
        guard method.hasPrefix("plugin.") else { return .unknown(method: method) }
        if method.hasPrefix("plugin.Step") {
            guard let event = argument.integer(for: "EventId") else {
                return .malformed(method: method, reason: "EventId is not an integer")
            }
            let data = argument.value(for: "Data") ?? kong_value()
            return .step(event: event, data: data, refused: method == "plugin.StepError")
        }
        if method == "plugin.HandleEvent" {
            guard let instance = argument.integer(for: "InstanceId") else {
                return .malformed(method: method, reason: "InstanceId is not an integer")
            }
            guard let phase = argument.string(for: "EventName") else {
                return .malformed(method: method, reason: "EventName is not a string")
            }
            return .handleEvent(instance: instance, phase: phase)
        }
        if method == "plugin.StartInstance" {
            guard let name = argument.string(for: "Name") else {
                return .malformed(method: method, reason: "Name is not a string")
            }
            // Without a configuration the plugin's defaults hold.
            let config = argument.value(for: "Config") ?? kong_value()
            guard let text = config.stringIfAny ?? (config.type == KONG_NIL ? kong_string() : nil) else {
                return .malformed(method: method, reason: "Config is not a string")
            }
            return .startInstance(name: name, config: text)
        }
        if method == "plugin.InstanceStatus" || method == "plugin.CloseInstance" {
            guard let instance = argument.integerIfAny else {
                return .malformed(method: method, reason: "the argument is not an integer")
            }
            return method == "plugin.CloseInstance" ? .closeInstance(instance) : .instanceStatus(instance)
        }
        if method == "plugin.GetPluginInfo" || method == "plugin.SetPluginDir" {
            guard let text = argument.stringIfAny else {
                return .malformed(method: method, reason: "the argument is not a string")
            }
            return method == "plugin.GetPluginInfo" ? .getPluginInfo(name: text) : .setPluginDirectory(text)
        }
        if method == "plugin.GetStatus" { return .getStatus }
        return .unknown(method: method)
    }

    // MARK: To Kong

    /// Tells Kong which process this is; a changed one makes it forget its instances. Sent before anything else.
    public static func appendServerPid(_ pid: Int32, to output: inout ByteQueue) {
        output.appendMessagePack(arrayCount: 3)
        output.appendMessagePack(Int64(2))
        output.appendMessagePack(string: "serverPid" as StaticString)
        output.appendMessagePack(Int64(pid))
    }

    /// Appends a response that is an error.
    public static func appendError(_ error: String, to id: Int64, _ output: inout ByteQueue) {
        appendResponse(to: id, &output)
        output.appendMessagePack(string: error)
        output.appendMessagePackNil()
    }

    /// Appends the head of a response that is a result; the result itself must follow.
    public static func appendResult(to id: Int64, _ output: inout ByteQueue) {
        appendResponse(to: id, &output)
        output.appendMessagePackNil()
    }

    /// Appends a response that asks for a step of an event: a PDK call, as `appendCall` has encoded it.
    public static func appendStep(
        of event: Int64, _ call: UnsafeRawBufferPointer, to id: Int64, _ output: inout ByteQueue
    ) {
        appendEvent(event, to: id, &output)
        output.append(call)
    }

    /// Appends a response that ends an event.
    public static func appendEventEnd(of event: Int64, to id: Int64, _ output: inout ByteQueue) {
        appendEvent(event, to: id, &output)
        appendEnd(to: &output)
    }

    /// Appends what takes the place of a call when there is none any more.
    public static func appendEnd(to output: inout ByteQueue) {
        output.appendMessagePack(string: "ret" as StaticString)
    }

    /// Encodes a PDK call for `appendStep`. On an error nothing is appended.
    public static func appendCall(
        _ method: StaticString, _ arguments: UnsafeBufferPointer<kong_value>, limit: Int, to output: inout ByteQueue
    ) throws(WireError) {
        let start = output.count
        // A map of two, a string of six, Method.
        output.append(bigEndian: 0x82_a6_4d_65_74_68_6f_64 as UInt64)
        output.appendMessagePack(string: method)
        // A string of four, Args.
        output.append(0xa4 as UInt8)
        output.append(bigEndian: 0x41_72_67_73 as UInt32)
        output.appendMessagePack(arrayCount: arguments.count)
        do throws(WireError) {
            for argument in arguments { try output.appendMessagePack(argument) }
            guard !output.hasFailed else { throw WireError.noMemory }
            guard output.count - start <= limit else { throw WireError.tooLarge }
        } catch {
            output.truncate(to: start)
            throw error
        }
    }

    /// A response up to what the event's Data is: `[1, id, nil, {"EventId": event, "Data":`.
    private static func appendEvent(_ event: Int64, to id: Int64, _ output: inout ByteQueue) {
        appendResponse(to: id, &output)
        // nil, a map of two, a string of seven; then EventId.
        output.append(bigEndian: 0xc0_82_a7_45_76_65_6e_74 as UInt64)
        output.append(bigEndian: 0x49_64 as UInt16)
        output.appendMessagePack(event)
        // A string of four, Data.
        output.append(0xa4 as UInt8)
        output.append(bigEndian: 0x44_61_74_61 as UInt32)
    }

    private static func appendResponse(to id: Int64, _ output: inout ByteQueue) {
        // An array of four, 1.
        output.append(bigEndian: 0x94_01 as UInt16)
        output.appendMessagePack(id)
    }
}
