// Unsafe pointers: bytes and values are lent to the codecs.

import CKongPlugin
import WireProtocol

/// What the messages hold: the headers of a browser's request, as Kong hands them over.
enum Messages {
    static let headers: [(String, String)] = [
        ("host", "api.example.com"), ("connection", "keep-alive"), ("cache-control", "max-age=0"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("accept-encoding", "gzip, deflate, br"), ("accept-language", "en-US,en;q=0.9"),
        ("cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"), ("x-forwarded-for", "203.0.113.7"),
        ("x-request-id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ]

    /// `{name: value}` over ProtoBuf:1, `{name: [value]}` over MessagePack.
    static func headerMap(inArrays: Bool) -> OwnedValue {
        .map(
            Dictionary(
                uniqueKeysWithValues: headers.map { name, value in
                    (Array(name.utf8), inArrays ? .array([.string(value)]) : .string(value))
                }))
    }

    /// The bytes that `write` appends.
    static func bytes(_ write: (inout ByteQueue) throws -> Void) rethrows -> [UInt8] {
        var queue = ByteQueue()
        try write(&queue)
        return Array(queue.bytes)
    }

    /// Lends a call's arguments.
    static func withArguments(_ values: [OwnedValue], _ body: (UnsafeBufferPointer<kong_value>) throws -> Void) rethrows {
        let arena = ValueArena()
        try values.map { $0.value(in: arena) }.withUnsafeBufferPointer(body)
        withExtendedLifetime(arena) {}
    }
}
