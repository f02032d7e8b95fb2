import Glibc

/// Until when something may block.
struct Deadline {
    private let end: ContinuousClock.Instant
    private let interruption: Interruption

    init(_ end: ContinuousClock.Instant, _ interruption: Interruption) {
        self.end = end
        self.interruption = interruption
    }

    /// Waits until a descriptor is ready.
    func wait(for events: Int16, on descriptor: Int32) throws(DeliveryError) {
        var polled = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let remaining = end - .now
            guard remaining > .zero else { throw DeliveryError("it took longer than the timeout") }
            // Rounded up, so as not to ask too early.
            let milliseconds = remaining / .milliseconds(1)
            if poll(&polled, 2, Int32(clamping: Int64(milliseconds) + 1)) <= 0 { continue }
            guard polled[1].revents == 0 else { throw DeliveryError("there was no time left", isTemporary: false) }
            return
        }
    }
}

/// Ends all waiting, from any thread, for good.
final class Interruption: Sendable {
    /// Readable once it has begun.
    fileprivate let descriptor: Int32
    private let otherEnd: Int32

    init() throws(DeliveryError) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw DeliveryError("there is no pair of sockets: \(String(cString: strerror(errno)))")
        }
        descriptor = pair[0]
        otherEnd = pair[1]
    }

    deinit {
        close(descriptor)
        close(otherEnd)
    }

    func begin() { shutdown(otherEnd, Int32(SHUT_WR)) }
}
