// Unsafe pointers: arguments are lent to the host for the time of one call.

import CKongPlugin

/// What a PDK method can be called with. The value is lent to C without being copied; a call that has to wait for
/// another thread takes it there.
protocol PDKArgument: Sendable {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result
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
}

extension Int: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        var value = kong_value()
        value.type = kong_type(KONG_INTEGER)
        value.integer = Int64(self)
        return body(value)
    }
}

extension Bool: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result {
        var value = kong_value()
        value.type = kong_type(KONG_BOOLEAN)
        value.boolean = self
        return body(value)
    }
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
}

extension Value: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result { withKongValue(body) }
}

/// Kong takes either of the two for a name or a value: text, or any bytes.
extension LuaString: PDKArgument {
    func lend<Result>(_ body: (kong_value) -> Result) -> Result { value.lend(body) }
}

/// The arguments of one call, borrowed.
typealias BorrowedArguments = UnsafeBufferPointer<kong_value>

/// The arguments of one call, in the order of Kong's function. Up to three need no memory to be lent.
protocol PDKArguments: Sendable {
    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result
}

struct NoArguments: PDKArguments {
    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result { body(BorrowedArguments(start: nil, count: 0)) }
}

struct OneArgument<A: PDKArgument>: PDKArguments {
    let a: A

    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result {
        a.lend { a in
            withUnsafePointer(to: a) { body(BorrowedArguments(start: $0, count: 1)) }
        }
    }
}

struct TwoArguments<A: PDKArgument, B: PDKArgument>: PDKArguments {
    let a: A
    let b: B

    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result {
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
}

struct ThreeArguments<A: PDKArgument, B: PDKArgument, C: PDKArgument>: PDKArguments {
    let a: A
    let b: B
    let c: C

    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result {
        a.lend { a in
            b.lend { b in
                c.lend { c in
                    withUnsafeTemporaryAllocation(of: kong_value.self, capacity: 3) { room in
                        room.initializeElement(at: 0, to: a)
                        room.initializeElement(at: 1, to: b)
                        room.initializeElement(at: 2, to: c)
                        return body(BorrowedArguments(room))
                    }
                }
            }
        }
    }
}

struct ManyArguments: PDKArguments {
    let values: [Value]

    func lend<Result>(_ body: (BorrowedArguments) -> Result) -> Result {
        // The items of an array value are just what is wanted.
        Value.array(values).withKongValue { array in
            body(BorrowedArguments(start: array.array.items, count: array.array.count))
        }
    }
}
