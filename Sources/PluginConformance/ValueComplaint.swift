// Unsafe pointers: a plugin's values are looked through, no farther than their counts allow.

import CKongPlugin
import WireProtocol

extension kong_value {
    /// What the header does not allow about a value of a plugin; nil: it is as it should be.
    var complaint: String? { complaint(depth: 0) }

    private func complaint(depth: Int) -> String? {
        guard type <= KongType.map else { return "a value of type \(type), which the header does not have" }
        guard reserved == 0 else { return "a value whose `reserved` is \(reserved), and not 0" }
        guard depth < Self.depthLimit else { return nil }
        switch type {
        case KongType.string, KongType.bytes: return string.complaint
        case KongType.array:
            if Self.isMissing(array.count, array.items) { return "an array of \(UInt(bitPattern: array.count)) items that are not there" }
            return items.lazy.compactMap { $0.complaint(depth: depth + 1) }.first
        case KongType.map:
            if Self.isMissing(map.count, map.entries) { return "a map of \(UInt(bitPattern: map.count)) entries that are not there" }
            return entries.lazy.compactMap { $0.key.complaint ?? $0.value.complaint(depth: depth + 1) }.first
        default: return nil
        }
    }

    private static let depthLimit = 64

    /// C's size_t is a signed number here.
    private static func isMissing(_ count: Int, _ first: UnsafeRawPointer?) -> Bool { count != 0 && (first == nil || count < 0) }
}

extension kong_string {
    /// C's size_t is a signed number here.
    var complaint: String? {
        size != 0 && (data == nil || size < 0) ? "a string of \(UInt(bitPattern: size)) bytes that are not there" : nil
    }

    /// The text of a plugin's string; empty if it is none.
    var checkedText: String { complaint == nil ? text : "" }
}
