/// The wire format of protocol buffers, as far as tests write what no encoder would.
enum Proto {
    static func varint(_ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func field(_ number: UInt64, _ integer: UInt64) -> [UInt8] { varint(number << 3) + varint(integer) }

    static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    /// An `RpcCall` with cmd_start_instance.
    static func startInstance(_ sequence: UInt64, _ name: String, _ config: String) -> [UInt8] {
        field(1, sequence) + field(33, field(1, name) + field(2, config))
    }

    /// An `RpcCall` with cmd_handle_event.
    static func handleEvent(_ sequence: UInt64, _ instance: Int64, _ phase: String) -> [UInt8] {
        field(1, sequence) + field(36, field(1, UInt64(bitPattern: instance)) + field(2, phase))
    }
}
