// Unsafe pointers: a thread's value, which C's library keeps.

import CKongPlugin
import Glibc

/// The reason of the last failure on each thread: what `kong->error` gives.
///
/// By thread and not by event, since one of the failures is that the thread is not the event's.
final class ThreadMessage {
    private var bytes: [CChar] = [0]

    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key) { message in
            if let message { Unmanaged<ThreadMessage>.fromOpaque(message).release() }
        }
        return result == 0 ? key : nil
    }()

    private static var ofThread: ThreadMessage? {
        guard let key else { return nil }
        if let known = pthread_getspecific(key) { return Unmanaged<ThreadMessage>.fromOpaque(known).takeUnretainedValue() }
        let message = Unmanaged.passRetained(ThreadMessage())
        guard pthread_setspecific(key, message.toOpaque()) == 0 else {
            message.release()
            return nil
        }
        return message.takeUnretainedValue()
    }

    /// Keeps a text, followed by a NUL, until the next.
    static func set(_ text: String) {
        ofThread?.bytes = text.utf8.map { CChar(bitPattern: $0) } + [0]
    }

    /// Empty if nothing has failed yet.
    static var last: kong_string {
        guard let message = ofThread else { return kong_string() }
        // An array's memory does not move while the array is not changed.
        return message.bytes.withUnsafeBufferPointer { kong_string(data: $0.baseAddress, size: $0.count - 1) }
    }
}
