// Unsafe pointers: both sides of the plugin ABI's value type.

import CKongPlugin
import KongPDK
import WireProtocol

extension OwnedValue {
    /// A plugin's value, as the host copies it.
    init(_ value: KongPDK.Value) { self = value.withKongValue { OwnedValue($0) } }
}

extension Value {
    /// A value of the host's, as a plugin copies it.
    init(_ value: OwnedValue) {
        let arena = ValueArena()
        self = Value(value.value(in: arena))
        withExtendedLifetime(arena) {}
    }
}
