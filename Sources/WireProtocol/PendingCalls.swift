/// Calls of a connection that Kong has not answered yet, in the order in which it does.
///
/// An array and where it begins, and no package's queue: a plugin's tests are built from this room too, and need no
/// package but the PDK's.
public struct PendingCalls: RandomAccessCollection {
    private var calls: [ProtoBufSession.PendingCall] = []
    private var first = 0

    @inline(__always)
    public var isEmpty: Bool { first == calls.endIndex }
    public var startIndex: Int { first }
    public var endIndex: Int { calls.endIndex }
    public subscript(index: Int) -> ProtoBufSession.PendingCall { calls[index] }

    mutating func append(_ call: ProtoBufSession.PendingCall) { calls.append(call) }

    mutating func popFirst() -> ProtoBufSession.PendingCall? {
        guard first < calls.endIndex else { return nil }
        defer {
            first += 1
            if first == calls.endIndex {
                removeAll()
            } else if first >= Self.mostAnswered, first * 2 >= calls.count {
                // A handler that never waits for all of its calls would let it grow for ever.
                calls.removeFirst(first)
                first = 0
            }
        }
        return calls[first]
    }

    mutating func removeAll() {
        calls.removeAll(keepingCapacity: calls.capacity <= Self.mostAnswered)
        first = 0
    }

    /// As many as that may be kept that have been answered.
    private static let mostAnswered = 1024
}
