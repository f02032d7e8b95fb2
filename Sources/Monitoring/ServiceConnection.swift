// Unsafe pointers: buffers are lent to the kernel.

import EventLoop

/// One connection of a service: a request, its answer, the end. [loop]
// @unchecked Sendable: used on its loop's thread only; it is named in closures that come back there.
final class ServiceConnection: EventSource, @unchecked Sendable {
    private enum State {
        case reading
        /// The answer is being made.
        case answering
        case writing
        /// All is sent. A socket that is closed while something is unread takes back what has not arrived yet, so what
        /// comes is read, and thrown away, until the client is done.
        case draining
    }

    private let service: Service
    private var socket: StreamSocket?
    private var registration: Registration?
    private var deadline: TimerID?
    private var state = State.reading
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var written = 0

    private static let readSize = 4096
    /// What is read at most in one turn.
    private static let readsPerTurn = 4

    init(_ socket: consuming OwnedDescriptor, _ service: Service) {
        self.socket = StreamSocket(owning: socket)
        self.service = service
    }

    func open() throws(SystemError) {
        guard let number = socket?.number else { return }
        registration = try service.loop.add(self, descriptor: number, for: .readable)
        limitTime()
    }

    private func limitTime() {
        deadline = service.loop.schedule(after: Service.connectionTimeout) { [weak self] in self?.close() }
    }

    func close() {
        guard let registration else { return }
        service.loop.remove(registration)
        self.registration = nil
        if let deadline { service.loop.cancel(deadline) }
        socket = nil
        service.closed(self)
    }

    func ready(_ readiness: Readiness) {
        switch state {
        case .reading: read()
        case .answering:
            // Nobody is waited for but the client that is gone.
            if !readiness.isDisjoint(with: .hungUp) { close() }
        case .writing: write()
        case .draining: drain()
        }
    }

    // MARK: In

    private func read() {
        for _ in 0..<Self.readsPerTurn {
            switch receive() {
            case .moved(let bytes):
                input += bytes
                take()
                guard state == .reading, registration != nil else { return }
            case .wouldBlock: return
            case .closed: return close()
            }
        }
    }

    private enum Received {
        case moved([UInt8])
        case wouldBlock, closed
    }

    private func receive() -> Received {
        var buffer = [UInt8](repeating: 0, count: Self.readSize)
        switch buffer.withUnsafeMutableBytes({ socket?.read(into: $0) ?? .closed }) {
        case .moved(let count): return .moved(Array(buffer[..<count]))
        case .wouldBlock: return .wouldBlock
        case .closed: return .closed
        }
    }

    private func take() {
        switch input.withUnsafeBytes({ service.endpoint.take($0) }) {
        case .incomplete:
            if input.count > service.endpoint.requestLimit { answer(service.endpoint.answerToExcess) }
        case .answer(let bytes): answer(bytes)
        case .later(let make):
            state = .answering
            wait(for: [])
            // What the server takes is no fault of the client's.
            if let deadline { service.loop.cancel(deadline) }
            make { [self] bytes in
                if registration != nil { limitTime() }
                answer(bytes)
            }
        }
    }

    private func drain() {
        for _ in 0..<Self.readsPerTurn {
            switch receive() {
            case .moved: continue
            case .wouldBlock: return
            case .closed: return close()
            }
        }
    }

    // MARK: Out

    private func answer(_ bytes: [UInt8]) {
        guard registration != nil else { return }
        input = []
        output = bytes
        state = .writing
        write()
    }

    private func write() {
        while written < output.count {
            let outcome = output.withUnsafeBytes { socket?.write(UnsafeRawBufferPointer(rebasing: $0[written...])) ?? .closed }
            switch outcome {
            case .moved(let count): written += count
            case .wouldBlock: return wait(for: .writable)
            case .closed: return close()
            }
        }
        output = []
        socket?.finishSending()
        state = .draining
        wait(for: .readable)
    }

    private func wait(for readiness: Readiness) {
        if let registration { service.loop.modify(registration, to: readiness) }
    }
}
