// Unsafe pointers: a struct of kong_pdk.h is written member by member, at the offsets that C gives them.

import CKongPlugin
import WireProtocol

extension NativeStruct {
    /// The struct for what Kong sent. A field that is missing, or of another type than it should be, is empty: that is no
    /// reason to withhold the others.
    func layOut(_ fields: kong_map, in arena: ValueArena) -> UnsafeMutableRawPointer? {
        let words = arena.allocate(UInt64.self, count: size / 8)
        words.initialize(repeating: 0)
        let memory = UnsafeMutableRawBufferPointer(words)
        memory.storeBytes(of: UInt32(size), as: UInt32.self)
        memory.storeBytes(of: fields, toByteOffset: Self.fieldsOffset, as: kong_map.self)
        let record = kong_value(UnsafeBufferPointer(start: fields.entries, count: fields.count))
        for member in members {
            guard let value = record.entries.last(where: { $0.key == member.name })?.value else { continue }
            store(value, member, in: memory, arena)
        }
        return memory.baseAddress
    }

    private func store(
        _ value: kong_value, _ member: Member, in memory: UnsafeMutableRawBufferPointer, _ arena: ValueArena
    ) {
        switch member.kind {
        case .string:
            if let text = value.stringIfAny { memory.storeBytes(of: text, toByteOffset: member.offset, as: kong_string.self) }
        case .integer:
            if let integer = value.integerIfAny { memory.storeBytes(of: integer, toByteOffset: member.offset, as: Int64.self) }
        case .boolean:
            if value.type == KongType.boolean { memory.storeBytes(of: value.boolean, toByteOffset: member.offset, as: Bool.self) }
        case .strings:
            let texts = value.items.compactMap(\.stringIfAny)
            let items = arena.allocate(kong_string.self, count: texts.count)
            _ = items.initialize(from: texts)
            memory.storeBytes(
                of: kong_strings(items: UnsafePointer(items.baseAddress), count: texts.count), toByteOffset: member.offset,
                as: kong_strings.self)
        case .map:
            guard let map = value.mapIfAny(in: arena) else { return }
            memory.storeBytes(of: map, toByteOffset: member.offset, as: kong_map.self)
        case .structure(let other):
            guard let map = value.mapIfAny(in: arena) else { return }
            memory.storeBytes(
                of: other.layOut(map, in: arena), toByteOffset: member.offset, as: UnsafeMutableRawPointer?.self)
        case .structures(let other):
            let structs = value.items.compactMap { $0.mapIfAny(in: arena) }.compactMap { other.layOut($0, in: arena) }
            let items = arena.allocate(UnsafeMutableRawPointer.self, count: structs.count)
            _ = items.initialize(from: structs)
            memory.storeBytes(
                of: items.baseAddress.map { UnsafeMutableRawPointer($0) }, toByteOffset: member.offset,
                as: UnsafeMutableRawPointer?.self)
            memory.storeBytes(of: structs.count, toByteOffset: member.offset + 8, as: Int.self)
        }
    }
}

extension kong_string {
    fileprivate static func == (string: kong_string, text: String) -> Bool {
        string.bytes.elementsEqual(text.utf8)
    }
}
