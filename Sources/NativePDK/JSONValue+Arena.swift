// Unsafe pointers: values are copied to the ABI's.

import CKongPlugin
import PluginLoader
import WireProtocol

extension JSONValue {
    /// The value as a plugin gets it; it lives as long as the arena's values, and each string in it
    /// is followed by a NUL.
    public func kongValue(in arena: ValueArena) -> kong_value {
        switch self {
        case .null: return .null
        case .boolean(let value): return kong_value(value)
        case .integer(let value): return kong_value(value)
        case .number(let value): return kong_value(value)
        case .string(let value): return kong_value(Self.copy(value, to: arena))
        case .array(let values):
            let items = arena.allocate(kong_value.self, count: values.count)
            for (index, value) in values.enumerated() {
                items.initializeElement(at: index, to: value.kongValue(in: arena))
            }
            return kong_value(UnsafeBufferPointer(items))
        case .object(let object):
            let entries = arena.allocate(kong_entry.self, count: object.count)
            for (index, (key, value)) in object.enumerated() {
                entries.initializeElement(
                    at: index, to: kong_entry(key: Self.copy(key, to: arena), value: value.kongValue(in: arena)))
            }
            return kong_value(UnsafeBufferPointer(entries))
        }
    }

    private static func copy(_ text: String, to arena: ValueArena) -> kong_string {
        var text = text
        return text.withUTF8 { arena.terminated(UnsafeRawBufferPointer($0)) }
    }
}
