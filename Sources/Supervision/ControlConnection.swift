// Unsafe pointers: buffers pass through to the kernel.

import CSupervision
import EventLoop
import Glibc

/// The supervisor's end of the connection to one worker. It never waits: what the worker does not read yet is kept.
/// Everything is [loop].
final class ControlConnection: EventSource {
    private let loop: EventLoop
    private let socket: OwnedDescriptor
    private var registration: Registration?
    private var frames = ControlFrames()
    /// What is to be sent, from `sent` on: a worker that opens its plugins does not read, and there may be many instances.
    private var output: [Frame] = []
    private var sent = 0
    private let onMessage: (ReceivedMessage) -> Void

    private struct Frame {
        var rest: ArraySlice<UInt8>
        /// Goes with the first byte, and is closed then; -1: none.
        var descriptor: Int32
    }

    init(_ socket: consuming OwnedDescriptor, on loop: EventLoop, onMessage: @escaping (ReceivedMessage) -> Void) throws(SystemError) {
        self.loop = loop
        self.socket = socket
        self.onMessage = onMessage
        registration = try loop.add(self, descriptor: self.socket.number, for: .readable)
    }

    deinit {
        for frame in output where frame.descriptor >= 0 { Glibc.close(frame.descriptor) }
    }

    func close() {
        if let registration { loop.remove(registration) }
        registration = nil
        frames.discard()
    }

    /// - Parameter descriptor: goes with the message, and is closed here; -1: none.
    func send(_ message: ControlMessage, descriptor: Int32 = -1) {
        guard registration != nil else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            return
        }
        output.append(Frame(rest: ControlFrames.frame(message, withDescriptor: descriptor >= 0)[...], descriptor: descriptor))
        if output.count == 1 { flush() }
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        if !readiness.isDisjoint(with: [.readable, .hungUp]) { receive() }
    }

    /// Takes in all that the worker has sent, also after its end.
    func receive() {
        while registration != nil {
            switch frames.receive(from: socket.number, flags: Int32(MSG_DONTWAIT)) {
            case .moved: guard takeMessages() else { return close() }
            case .wouldBlock: return
            case .closed: return close()
            }
        }
    }

    private func takeMessages() -> Bool {
        do throws(MalformedControl) {
            while let received = try frames.next() { onMessage(received) }
            return true
        } catch {
            return false
        }
    }

    private func flush() {
        guard let registration else { return }
        while sent < output.count {
            let frame = output[sent]
            let count = frame.rest.withUnsafeBytes {
                supervision_send(socket.number, $0.baseAddress, $0.count, frame.descriptor, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 else {
                if errno == EINTR { continue }
                // A worker that is gone hears nothing; its end is told by its process.
                return loop.modify(registration, to: errno == EAGAIN ? [.readable, .writable] : .readable)
            }
            if frame.descriptor >= 0 { Glibc.close(frame.descriptor) }
            output[sent] = Frame(rest: frame.rest.dropFirst(count), descriptor: -1)
            if output[sent].rest.isEmpty {
                output[sent].rest = []
                sent += 1
            }
        }
        output.removeAll(keepingCapacity: true)
        sent = 0
        loop.modify(registration, to: .readable)
    }
}
