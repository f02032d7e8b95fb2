import CSupervision
import EventLoop
import FlightRecording
import Glibc

extension WorkerConnection {
    /// What the supervisor has put in place, whose end is this process's end from now on. Nil: nothing is there.
    public static func inherited() -> WorkerConnection? {
        var status = stat()
        guard fstat(WorkerProcess.controlDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        _ = supervision_end_with_parent()
        // What a plugin starts must not hold it.
        _ = fcntl(WorkerProcess.controlDescriptor, F_SETFD, FD_CLOEXEC)
        return WorkerConnection(OwnedDescriptor(owning: WorkerProcess.controlDescriptor))
    }
}

/// Tells this process from others in `ps` and `top`, where it would have the name of the link that it was executed by. Before it has
/// more threads.
/// - Parameter plugin: the only one that it hosts.
public func nameWorkerProcess(for plugin: String?) {
    supervision_name_process(plugin.map { "swift: \($0)" } ?? "swift-plugins")
}

/// Where a worker's own log goes.
public func inheritedLogDescriptor() -> Int32 {
    _ = fcntl(WorkerProcess.logDescriptor, F_SETFD, FD_CLOEXEC)
    return WorkerProcess.logDescriptor
}

extension FlightRecorder {
    /// That which the supervisor reads; nil: it has none.
    public static func ofSupervisor() throws(FlightRecorderError) -> FlightRecorder? {
        guard fcntl(WorkerProcess.recorderDescriptor, F_GETFD) >= 0 else { return nil }
        return try FlightRecorder(inherited: WorkerProcess.recorderDescriptor)
    }
}

extension SharedCounter {
    /// The supervisor's.
    public static func inherited() throws(SystemError) -> SharedCounter {
        _ = fcntl(WorkerProcess.counterDescriptor, F_SETFD, FD_CLOEXEC)
        return try SharedCounter(sharing: OwnedDescriptor(owning: WorkerProcess.counterDescriptor))
    }
}
