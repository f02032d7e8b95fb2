// Unsafe pointers: strings are parts of the borrowed bytes. `readEvent` checks each place before it looks there.

import CKongPlugin

/// What Kong asks a plugin server to do over ProtoBuf:1: `RpcCall` in Kong's pluginsocket.proto.
///
/// Strings point into the bytes that it was decoded from.
public struct RpcCall {
    /// Comes back in the `RpcReturn`.
    public var sequence: Int64
    public var command: RpcCommand

    public init(sequence: Int64, command: RpcCommand) {
        self.sequence = sequence
        self.command = command
    }

    /// Of several commands the last one counts, as in any oneof.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        sequence = 0
        command = .unknown
        var reader = ProtoBufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: sequence = try reader.readInt64(field)
            case RpcCommand.fields: command = try RpcCommand(field: field.number, try reader.readBytes(field))
            default: try reader.skip(field)
            }
        }
    }

    /// Reads a call that asks for an event, as all encoders write it, though in any order. Nil: it is another call, or is not
    /// written so; `init(decoding:)` then says what it is.
    @inline(__always)
    static func readEvent(_ bytes: UnsafeRawBufferPointer) -> (sequence: Int64, instance: Int32, phase: kong_string)? {
        var sequence: UInt64 = 0
        var instance: UInt64 = 0
        var phase = kong_string()
        var hasCommand = false
        var place = 0
        while place < bytes.count {
            if bytes[place] == 1 << 3 {
                place += 1
                guard let number = readNumber(bytes, &place, bytes.count) else { return nil }
                sequence = number
                continue
            }
            // HandleEvent is field 36, and short.
            guard !hasCommand, bytes.count - place >= 3, bytes[place] == 0xa2, bytes[place + 1] == 0x02, bytes[place + 2] < 0x80
            else { return nil }
            hasCommand = true
            let end = place + 3 + Int(bytes[place + 2])
            place += 3
            guard end <= bytes.count else { return nil }
            while place < end {
                let tag = bytes[place]
                place += 1
                if tag == 1 << 3 {
                    guard let number = readNumber(bytes, &place, end) else { return nil }
                    instance = number
                } else {
                    guard tag == 2 << 3 | 2, place < end, bytes[place] < 0x80 else { return nil }
                    let size = Int(bytes[place])
                    place += 1
                    guard size <= end - place else { return nil }
                    phase = kong_string(UnsafeRawBufferPointer(rebasing: bytes[place..<(place + size)]))
                    place += size
                }
            }
        }
        return hasCommand ? (Int64(bitPattern: sequence), Int32(truncatingIfNeeded: instance), phase) : nil
    }

    /// A varint of up to 63 bits; nil: it is longer, or ends too late.
    @inline(__always)
    private static func readNumber(_ bytes: UnsafeRawBufferPointer, _ place: inout Int, _ end: Int) -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while place < end, shift < 63 {
            let byte = bytes[place]
            place += 1
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }

    public func append(to queue: inout ByteQueue) throws(WireError) {
        if sequence != 0 { queue.appendField(1, integer: sequence) }
        guard let field = command.field else { return }
        try queue.appendField(field) { (queue) throws(WireError) in command.appendContent(to: &queue) }
    }
}

public enum RpcCommand {
    case getPluginNames
    case getPluginInfo(name: kong_string)
    /// `config` is JSON.
    case startInstance(name: kong_string, config: kong_string)
    case getInstanceStatus(Int32)
    case closeInstance(Int32)
    case handleEvent(instance: Int32, phase: kong_string)
    /// None, or none that is known here.
    case unknown

    /// The numbers of the commands' fields in `RpcCall`.
    static let fields: ClosedRange<UInt32> = 31...36

    var field: UInt32? {
        switch self {
        case .getPluginNames: 31
        case .getPluginInfo: 32
        case .startInstance: 33
        case .getInstanceStatus: 34
        case .closeInstance: 35
        case .handleEvent: 36
        case .unknown: nil
        }
    }

    /// Reads the message of a command. Each has at most two fields, an integer or strings.
    init(field number: UInt32, _ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = ProtoBufReader(bytes)
        var instance: Int32 = 0
        var first = kong_string()
        var second = kong_string()
        while let field = try reader.nextField() {
            switch (number, field.number) {
            case (32...33, 1): first = try reader.readString(field)
            case (34...36, 1): instance = try reader.readInt32(field)
            case (33, 2), (36, 2): second = try reader.readString(field)
            default: try reader.skip(field)
            }
        }
        self =
            switch number {
            case 31: .getPluginNames
            case 32: .getPluginInfo(name: first)
            case 33: .startInstance(name: first, config: second)
            case 34: .getInstanceStatus(instance)
            case 35: .closeInstance(instance)
            case 36: .handleEvent(instance: instance, phase: second)
            default: .unknown
            }
    }

    /// Appends the command's message, without what is empty or 0.
    fileprivate func appendContent(to queue: inout ByteQueue) {
        switch self {
        case .getPluginNames, .unknown: break
        case .getPluginInfo(let name):
            queue.appendString(1, name)
        case .startInstance(let name, let config):
            queue.appendString(1, name)
            queue.appendString(2, config)
        case .getInstanceStatus(let instance), .closeInstance(let instance):
            queue.appendInteger(1, Int64(instance))
        case .handleEvent(let instance, let phase):
            queue.appendInteger(1, Int64(instance))
            queue.appendString(2, phase)
        }
    }
}

/// Fields that are left out when they have their type's default value.
extension ByteQueue {
    fileprivate mutating func appendString(_ number: UInt32, _ string: kong_string) {
        if !string.bytes.isEmpty { appendField(number, bytes: string.bytes) }
    }

    fileprivate mutating func appendInteger(_ number: UInt32, _ integer: Int64) {
        if integer != 0 { appendField(number, integer: integer) }
    }
}
