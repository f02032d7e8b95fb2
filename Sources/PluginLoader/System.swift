// Unsafe pointers: the C string of strerror, copied at once.

import Glibc

/// The system's text for an `errno`.
func systemMessage(_ number: CInt) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}

/// Who this process is to the file system.
var currentUser: UInt32 { geteuid() }
