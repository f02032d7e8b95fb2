// Unsafe pointers: buffers pass through to the kernel.

import CSupervision
import EventLoop
import Glibc
import Synchronization

/// A worker's end of the connection to its supervisor.
///
/// What is sent is in the kernel's hands before `send` returns, so that it outlives its sender. The supervisor always reads,
/// and so a worker never waits for long.
// @unchecked Sendable: sending has a lock; receiving is [loop], or before there is one.
public final class WorkerConnection: EventSource, @unchecked Sendable {
    private let socket: OwnedDescriptor
    private let sending = Mutex(())
    private var frames = ControlFrames()
    private var registration: Registration?
    private var onMessage: (ReceivedMessage) -> Void = { _ in }
    private var onEnd: () -> Void = {}

    /// - Parameter socket: what the supervisor has put in place.
    public init(_ socket: consuming OwnedDescriptor) {
        self.socket = socket
    }

    /// Waits for one message. Nil: the supervisor is gone.
    public func waitForMessage() -> ReceivedMessage? {
        while true {
            do throws(MalformedControl) {
                if let received = try frames.next() { return received }
            } catch {
                return nil
            }
            guard case .moved = frames.receive(from: socket.number, flags: 0) else { return nil }
        }
    }

    /// From now on messages come on a loop. [loop]
    public func start(
        on loop: EventLoop, onMessage: @escaping (ReceivedMessage) -> Void, onEnd: @escaping () -> Void
    ) throws(SystemError) {
        self.onMessage = onMessage
        self.onEnd = onEnd
        registration = try loop.add(self, descriptor: socket.number, for: .readable)
        // What has come with an earlier message is not reported again.
        loop.schedule { [self] in takeMessages(on: loop) }
    }

    public func ready(_ readiness: Readiness) {
        guard let loop = EventLoop.current else { return }
        switch frames.receive(from: socket.number, flags: Int32(MSG_DONTWAIT)) {
        case .moved: takeMessages(on: loop)
        case .wouldBlock: break
        case .closed: end(on: loop)
        }
    }

    private func takeMessages(on loop: EventLoop) {
        do throws(MalformedControl) {
            while let received = try frames.next() { onMessage(received) }
        } catch {
            end(on: loop)
        }
    }

    private func end(on loop: EventLoop) {
        guard let registration else { return }
        loop.remove(registration)
        self.registration = nil
        onEnd()
    }

    /// Sends a message. [any]
    /// - Parameter descriptor: goes with it, and stays open here.
    public func send(_ message: ControlMessage, descriptor: Int32 = -1) {
        let frame = ControlFrames.frame(message, withDescriptor: descriptor >= 0)
        sending.withLock { _ in
            var rest = frame[...]
            var descriptor = descriptor
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { supervision_send(socket.number, $0.baseAddress, $0.count, descriptor, 0) }
                if count < 0, errno == EINTR { continue }
                // The supervisor is gone, and this process follows.
                guard count > 0 else { return }
                descriptor = -1
                rest = rest.dropFirst(count)
            }
        }
    }
}
