// Unsafe pointers: buffers pass through to the kernel.

import CEventLoop
import Glibc

/// A connected stream socket that never blocks.
public struct StreamSocket: ~Copyable {
    private let descriptor: OwnedDescriptor

    public init(owning descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    public var number: Int32 { descriptor.number }

    /// Hands the descriptor to the caller.
    public consuming func release() -> OwnedDescriptor { descriptor }

    public enum Outcome: Equatable {
        /// So many bytes were moved; at least one.
        case moved(Int)
        /// Nothing now; wait for readiness.
        case wouldBlock
        /// The other end has closed, or the connection is broken.
        case closed
    }

    /// Reads what has arrived, up to the size of `buffer`.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = event_loop_receive(descriptor.number, buffer.baseAddress, buffer.count)
            if count > 0 { return .moved(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .closed
            }
        }
    }

    /// Writes from the front of `bytes`, which must not be empty.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        while true {
            let count = event_loop_send(descriptor.number, bytes.baseAddress, bytes.count)
            if count >= 0 { return .moved(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .closed
            }
        }
    }

    /// Says that nothing more will be sent.
    public borrowing func finishSending() { shutdown(descriptor.number, Int32(SHUT_WR)) }
}
