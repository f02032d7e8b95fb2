import CEventLoop
import Glibc

/// Accepts what waits on a listening socket, of whatever family. [loop]
final class Acceptor: EventSource {
    private let descriptor: Int32
    private let onAccept: (consuming OwnedDescriptor) -> Void
    private let onTrouble: (SystemError) -> Void
    private var watch: (loop: EventLoop, registration: Registration)?

    private static let acceptsPerTurn = 64
    /// How long to wait for descriptors when there are none left: connections wait in the backlog meanwhile.
    private static let pause: Duration = .milliseconds(100)

    /// - Parameter descriptor: a listening socket, which its owner closes after `stop`.
    init(
        _ descriptor: Int32, onAccept: @escaping (consuming OwnedDescriptor) -> Void,
        onTrouble: @escaping (SystemError) -> Void
    ) {
        self.descriptor = descriptor
        self.onAccept = onAccept
        self.onTrouble = onTrouble
    }

    func start(on loop: EventLoop) throws(SystemError) {
        watch = (loop, try loop.add(self, descriptor: descriptor, for: .readable))
    }

    func stop() {
        if let watch { watch.loop.remove(watch.registration) }
        watch = nil
    }

    func ready(_ readiness: Readiness) {
        // No more in one turn: those who are connected wait meanwhile, and what is left is reported again.
        for _ in 0..<Self.acceptsPerTurn {
            let connection = event_loop_accept(descriptor)
            if connection >= 0 {
                onAccept(OwnedDescriptor(owning: connection))
                // It may have been the last one that was wanted.
                if watch == nil { return }
                continue
            }
            switch errno {
            case EAGAIN: return
            case EINTR, ECONNABORTED: continue
            default: return pauseAccepting(SystemError("accept4"))
            }
        }
    }

    /// Out of descriptors or memory: epoll would report the waiting connection without end.
    private func pauseAccepting(_ error: SystemError) {
        onTrouble(error)
        guard let watch else { return }
        watch.loop.modify(watch.registration, to: [])
        watch.loop.schedule(after: Self.pause) { [weak self] in
            guard let watch = self?.watch else { return }
            watch.loop.modify(watch.registration, to: .readable)
        }
    }
}
