import CKongPlugin
import Glibc

/// One event loop of the host: a thread that does what is queued, one after the other.
// @unchecked Sendable: its state is behind the monitor's lock.
final class HostLoop: @unchecked Sendable {
    private struct Work {
        let name: String
        let body: () -> Void
    }

    let index: kong_loop
    private let monitor: Monitor
    private var queue: [Work] = []
    private(set) var thread = pthread_t()
    /// What runs on it.
    private(set) var activity: String?

    init(_ index: kong_loop, _ monitor: Monitor) {
        self.index = index
        self.monitor = monitor
        guard HostThread.start({ [self] in run() }) else { return }
        monitor.locked { while thread == 0 { monitor.waitForChange() } }
    }

    /// With the lock.
    var isIdle: Bool { queue.isEmpty && activity == nil }

    var isCurrent: Bool { pthread_self() == thread }

    /// Has something done on this thread, soon. With the lock.
    /// - Parameter name: what of the plugin's it is, as "handle (access)".
    func queue(_ name: String, _ body: @escaping () -> Void) {
        queue.append(Work(name: name, body: body))
        monitor.changed()
    }

    private func run() {
        monitor.locked {
            thread = pthread_self()
            monitor.changed()
        }
        while true {
            let work = monitor.locked {
                while queue.isEmpty { monitor.waitForChange() }
                let work = queue.removeFirst()
                activity = work.name
                return work
            }
            work.body()
            monitor.locked {
                activity = nil
                monitor.changed()
            }
        }
    }
}
