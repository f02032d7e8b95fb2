import CEventLoop
import Glibc

/// Calls back when signals arrive, on a loop's thread, where anything may be done.
public final class SignalWatch: EventSource {
    private let signal: Int32
    private let counter: OwnedDescriptor
    private let onSignal: () -> Void

    /// From now on the signal does nothing but call `onSignal`. [loop]
    public static func start(
        _ signal: Int32, on loop: EventLoop, onSignal: @escaping () -> Void
    ) throws(SystemError) {
        let counter = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard counter >= 0 else { throw SystemError("eventfd") }
        let watch = SignalWatch(signal, OwnedDescriptor(owning: counter), onSignal)
        _ = try loop.add(watch, descriptor: counter, for: .readable)
        guard event_loop_forward_signal(signal, counter) == 0 else { throw SystemError("sigaction", "\(signal)") }
    }

    private init(_ signal: Int32, _ counter: consuming OwnedDescriptor, _ onSignal: @escaping () -> Void) {
        self.signal = signal
        self.counter = counter
        self.onSignal = onSignal
    }

    public func ready(_ readiness: Readiness) {
        var count: UInt64 = 0
        guard read(counter.number, &count, 8) == 8 else { return }
        onSignal()
    }
}

/// Calls back once when another process has ended.
public final class ProcessEndWatch: EventSource {
    private let descriptor: OwnedDescriptor
    private let loop: EventLoop
    private var registration: Registration?
    private let onEnd: () -> Void

    /// Watches the process that started this one. A server whose parent is process 1 belongs to nobody, and is not watched.
    /// [loop]
    /// - Parameter parent: what `getppid` gave when this process began: it may have ended since.
    public static func start(forParent parent: pid_t, on loop: EventLoop, onEnd: @escaping () -> Void) throws(SystemError) {
        guard parent > 1 else { return }
        let descriptor = event_loop_pidfd_open(parent)
        // Looked at after the descriptor was opened: it is the parent's only if that was still there then.
        guard descriptor >= 0, getppid() == parent else {
            if descriptor >= 0 { close(descriptor) }
            return pollParent(parent, after: .zero, on: loop, onEnd: onEnd)
        }
        let watch = ProcessEndWatch(OwnedDescriptor(owning: descriptor), loop, onEnd)
        watch.registration = try loop.add(watch, descriptor: descriptor, for: .readable)
    }

    /// For kernels without pidfds, and for a parent that has ended already: the parent changes when the old one ends.
    private static func pollParent(
        _ parent: pid_t, after delay: Duration, on loop: EventLoop, onEnd: @escaping () -> Void
    ) {
        loop.schedule(after: delay) {
            if getppid() != parent { onEnd() } else { pollParent(parent, after: .seconds(1), on: loop, onEnd: onEnd) }
        }
    }

    private init(_ descriptor: consuming OwnedDescriptor, _ loop: EventLoop, _ onEnd: @escaping () -> Void) {
        self.descriptor = descriptor
        self.loop = loop
        self.onEnd = onEnd
    }

    public func ready(_ readiness: Readiness) {
        if let registration { loop.remove(registration) }
        registration = nil
        onEnd()
    }
}
