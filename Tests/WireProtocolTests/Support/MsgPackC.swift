import CMsgPack

/// msgpack-c, to compare our MessagePack with.
enum MsgPackC {
    static func pack(_ value: TestValue) -> [UInt8] {
        var buffer = msgpack_sbuffer()
        msgpack_sbuffer_init(&buffer)
        defer { msgpack_sbuffer_destroy(&buffer) }
        return withUnsafeMutablePointer(to: &buffer) { buffer in
            var packer = msgpack_packer()
            msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write)
            pack(value, &packer)
            return Array(UnsafeRawBufferPointer(start: buffer.pointee.data, count: buffer.pointee.size))
        }
    }

    private static func pack(_ value: TestValue, _ packer: inout msgpack_packer) {
        switch value {
        case .null: msgpack_pack_nil(&packer)
        case .boolean(true): msgpack_pack_true(&packer)
        case .boolean(false): msgpack_pack_false(&packer)
        case .integer(let integer): msgpack_pack_int64(&packer, integer)
        case .number(let number): msgpack_pack_double(&packer, number)
        case .string(let bytes):
            msgpack_pack_str(&packer, bytes.count)
            msgpack_pack_str_body(&packer, bytes, bytes.count)
        case .bytes(let bytes):
            msgpack_pack_bin(&packer, bytes.count)
            msgpack_pack_bin_body(&packer, bytes, bytes.count)
        case .array(let values):
            msgpack_pack_array(&packer, values.count)
            for value in values { pack(value, &packer) }
        case .map(let entries):
            msgpack_pack_map(&packer, entries.count)
            for entry in entries {
                pack(.string(entry.key), &packer)
                pack(entry.value, &packer)
            }
        }
    }
}
