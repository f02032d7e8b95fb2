import CEventLoop
import Glibc

/// Calls back once when a child of this process has ended, and reaps it.
public final class ChildEndWatch: EventSource {
    private let pid: pid_t
    private let descriptor: OwnedDescriptor
    private let loop: EventLoop
    private var registration: Registration?
    private let onEnd: (Int32) -> Void

    /// How often is looked where the kernel does not tell.
    private static let pollInterval: Duration = .milliseconds(50)

    /// - Parameter onEnd: gets what `waitpid` says. [loop]
    public static func start(
        for pid: pid_t, on loop: EventLoop, onEnd: @escaping (_ status: Int32) -> Void
    ) throws(SystemError) {
        let descriptor = event_loop_pidfd_open(pid)
        // Linux before 5.3 has none.
        guard descriptor >= 0 else { return poll(pid, on: loop, onEnd) }
        let watch = ChildEndWatch(pid, OwnedDescriptor(owning: descriptor), loop, onEnd)
        watch.registration = try loop.add(watch, descriptor: descriptor, for: .readable)
    }

    private static func poll(_ pid: pid_t, on loop: EventLoop, _ onEnd: @escaping (Int32) -> Void) {
        loop.schedule(after: pollInterval) {
            if let status = reap(pid) { onEnd(status) } else { poll(pid, on: loop, onEnd) }
        }
    }

    private init(_ pid: pid_t, _ descriptor: consuming OwnedDescriptor, _ loop: EventLoop, _ onEnd: @escaping (Int32) -> Void) {
        self.pid = pid
        self.descriptor = descriptor
        self.loop = loop
        self.onEnd = onEnd
    }

    public func ready(_ readiness: Readiness) {
        guard let status = Self.reap(pid) else { return }
        if let registration { loop.remove(registration) }
        registration = nil
        onEnd(status)
    }

    /// Nil: it runs.
    private static func reap(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        while true {
            let result = waitpid(pid, &status, WNOHANG)
            if result == pid { return status }
            if result == 0 { return nil }
            // Somebody else has reaped it: how it ended is lost.
            if errno != EINTR { return 0 }
        }
    }
}
