// Unsafe pointers: arguments are lent to the host for the time of one call.

import CKongPlugin

/// What a PDK method can be called with. The value is lent to C without being copied.
protocol PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result
    /// A copy that can wait for another thread.
    var copied: Value { get }
}

extension String: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        withKongString { text in
            var value = kong_value()
            value.type = kong_type(KONG_STRING)
            value.string = text
            return body(value)
        }
    }
    var copied: Value { .string(self) }
}

extension Int: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        var value = kong_value()
        value.type = kong_type(KONG_INTEGER)
        value.integer = Int64(self)
        return body(value)
    }
    var copied: Value { .integer(Int64(self)) }
}

extension Bool: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        var value = kong_value()
        value.type = kong_type(KONG_BOOLEAN)
        value.boolean = self
        return body(value)
    }
    var copied: Value { .boolean(self) }
}

extension Array: PDKArgument where Element == UInt8 {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        withUnsafeBytes { bytes in
            var value = kong_value()
            value.type = kong_type(KONG_BYTES)
            value.string = kong_string(
                data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size: bytes.count)
            return body(value)
        }
    }
    var copied: Value { .bytes(self) }
}

extension Value: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result { withKongValue(body) }
    var copied: Value { self }
}

/// The arguments of one call, borrowed.
typealias BorrowedArguments = UnsafeBufferPointer<kong_value>

/// Lends no, one, two or any number of arguments, the first three without an allocation.
enum PDKArguments {
    static func withBorrowed<A: PDKArgument, Result>(_ a: A, _ body: (BorrowedArguments) -> Result) -> Result {
        a.lend { a in
            withUnsafePointer(to: a) { body(BorrowedArguments(start: $0, count: 1)) }
        }
    }

    static func withBorrowed<A: PDKArgument, B: PDKArgument, Result>(
        _ a: A, _ b: B, _ body: (BorrowedArguments) -> Result
    ) -> Result {
        a.lend { a in
            b.lend { b in
                withUnsafeTemporaryAllocation(of: kong_value.self, capacity: 2) { room in
                    room.initializeElement(at: 0, to: a)
                    room.initializeElement(at: 1, to: b)
                    return body(BorrowedArguments(room))
                }
            }
        }
    }

    static func withBorrowed<Result>(_ values: [Value], _ body: (BorrowedArguments) -> Result) -> Result {
        // The items of an array value are just what is wanted.
        Value.array(values).withKongValue { array in
            body(BorrowedArguments(start: array.array.items, count: array.array.count))
        }
    }
}
