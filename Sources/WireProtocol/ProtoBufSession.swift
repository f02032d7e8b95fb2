// Unsafe pointers: frames are lent from the caller's buffer, and completions are carried for their owner.

import CKongPlugin
import PDKCatalogue

/// Who wants to know how a call went: a completion of the ABI, not called here.
public struct Completion: BitwiseCopyable {
    public let function: kong_completion
    public let context: UnsafeMutableRawPointer?

    public init(_ function: @escaping kong_completion, _ context: UnsafeMutableRawPointer?) {
        self.function = function
        self.context = context
    }
}

/// One connection of ProtoBuf:1, seen from the server: a state machine that does no input or output.
///
/// Kong sends an `RpcCall` and waits for its `RpcReturn`. If the call was an event, frames of PDK calls may come
/// before the return: two frames each, the method's name and its arguments, which Kong answers with one frame, in
/// order; an empty frame ends the event. Kong reads frame by frame, so any number of calls may be under way at once,
/// and the end of the event, and its return, may follow calls that Kong has not answered yet. Their answers come
/// before Kong's next `RpcCall` on this connection.
///
/// Source: kong/runloop/plugin_servers/rpc/pb_rpc.lua, `Rpc:call`.
public struct ProtoBufSession: ~Copyable {
    /// A PDK call that Kong has not answered yet.
    public struct PendingCall {
        public let method: MethodID
        public let completion: Completion?
    }

    /// What a frame from Kong is.
    public enum Input {
        case call(RpcCall)
        case answer(PendingCall, UnsafeRawBufferPointer)
    }

    private enum State {
        case idle
        /// A call that is not an event, or the event with this sequence, has not been returned yet.
        case busy(sequence: Int64)
    }

    private let limit: Int
    private var state = State.idle
    public private(set) var pending = PendingCalls()
    /// How many calls the current event, or the last one, has made.
    public private(set) var callCount = 0

    /// - Parameter limit: no frame may be larger, in bytes.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether an `RpcCall` has been taken in and not been returned.
    @inline(__always)
    public var isBusy: Bool {
        if case .busy = state { true } else { false }
    }

    /// Of the call that has not been returned yet.
    public var sequence: Int64? {
        if case .busy(let sequence) = state { sequence } else { nil }
    }

    // MARK: From Kong

    /// The first frame in `bytes`: its payload, and how many bytes it takes up. Nil: it is not whole yet.
    @inline(__always)
    public func frame(
        in bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> (payload: UnsafeRawBufferPointer, size: Int)? {
        guard bytes.count >= 4 else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard length <= limit else { throw .tooLarge }
        guard bytes.count - 4 >= length else { return nil }
        return (UnsafeRawBufferPointer(rebasing: bytes[4..<(4 + length)]), 4 + length)
    }

    /// Takes a frame in, if it asks for an event. Nil: it has not been taken in, and is something else, or nothing.
    @inline(__always)
    public mutating func receiveEvent(_ payload: UnsafeRawBufferPointer) -> (instance: Int32, phase: kong_string)? {
        guard pending.isEmpty, case .idle = state, let event = RpcCall.readEvent(payload) else { return nil }
        state = .busy(sequence: event.sequence)
        callCount = 0
        return (event.instance, event.phase)
    }

    /// Takes a frame in.
    public mutating func receive(_ payload: UnsafeRawBufferPointer) throws(WireError) -> Input {
        if let call = pending.popFirst() { return .answer(call, payload) }
        // Kong sends nothing while it waits for us.
        guard case .idle = state else { throw .malformed }
        let call = try RpcCall(decoding: payload)
        state = .busy(sequence: call.sequence)
        callCount = 0
        return .call(call)
    }

    // MARK: To Kong

    /// Appends a PDK call of the current event. On an error nothing is appended.
    public mutating func appendCall(
        _ method: MethodID, named name: StaticString, input: ProtoMessage, _ arguments: UnsafeBufferPointer<kong_value>,
        _ completion: Completion?, to output: inout ByteQueue
    ) throws(WireError) {
        try Self.appendCall(named: name, input: input, arguments, limit: limit, to: &output)
        didAppendCall(method, completion)
    }

    /// Takes note of a call of the current event whose bytes have been appended to the output.
    @inline(__always)
    public mutating func didAppendCall(_ method: MethodID, _ completion: Completion?) {
        pending.append(PendingCall(method: method, completion: completion))
        callCount += 1
    }

    /// Appends the bytes of a call, which are the same for every connection. On an error nothing is appended.
    public static func appendCall(
        named name: StaticString, input: ProtoMessage, _ arguments: UnsafeBufferPointer<kong_value>, limit: Int,
        to output: inout ByteQueue
    ) throws(WireError) {
        let start = output.count
        output.append(littleEndian: UInt32(name.utf8CodeUnitCount))
        output.append(name)
        let lengthPosition = output.count
        output.append(littleEndian: UInt32(0))
        do throws(WireError) {
            try ProtoBufMessages.encodeArguments(of: input, arguments, into: &output)
            guard !output.hasFailed else { throw WireError.noMemory }
            let length = output.count - lengthPosition - 4
            guard length <= limit else { throw WireError.tooLarge }
            output.overwrite(at: lengthPosition, littleEndian: UInt32(length))
        } catch {
            output.truncate(to: start)
            throw error
        }
    }

    /// Appends the end of the current event and its return, which holds the sequence alone.
    public mutating func appendEventEnd(to output: inout ByteQueue) {
        guard case .busy(let sequence) = state else { return }
        state = .idle
        // The end is an empty frame: its length.
        output.append(littleEndian: UInt32(0))
        guard sequence != 0 else { return output.append(littleEndian: UInt32(0)) }
        output.append(littleEndian: UInt32(1 + ByteQueue.varintSize(UInt64(bitPattern: sequence))))
        output.appendField(1, integer: sequence)
    }

    /// Appends the return of the current call.
    public mutating func appendReturn(_ result: RpcResult?, to output: inout ByteQueue) throws(WireError) {
        guard case .busy(let sequence) = state else { return }
        try Self.appendReturn(result, to: sequence, &output)
        state = .idle
    }

    /// Appends the return of a call, of whichever connection. On an error nothing is appended.
    public static func appendReturn(_ result: RpcResult?, to sequence: Int64, _ output: inout ByteQueue) throws(WireError) {
        let start = output.count
        output.append(littleEndian: UInt32(0))
        do throws(WireError) {
            try RpcReturn(sequence: sequence, result: result).append(to: &output)
            guard !output.hasFailed else { throw WireError.noMemory }
        } catch {
            output.truncate(to: start)
            throw error
        }
        output.overwrite(at: start, littleEndian: UInt32(output.count - start - 4))
    }

    /// Hands over the calls that will not be answered: the connection is gone.
    public mutating func takePending() -> PendingCalls {
        defer { pending.removeAll() }
        return pending
    }
}
