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

/// Where a worker's own log goes.
public func inheritedLogDescriptor() -> Int32 {
    _ = fcntl(WorkerProcess.logDescriptor, F_SETFD, FD_CLOEXEC)
    return WorkerProcess.logDescriptor
}

extension FlightRecorder {
    /// That which the supervisor reads.
    public static func ofSupervisor() throws(FlightRecorderError) -> FlightRecorder {
        try FlightRecorder(inherited: WorkerProcess.recorderDescriptor)
    }
}

extension SharedCounter {
    /// The supervisor's.
    public static func inherited() throws(SystemError) -> SharedCounter {
        _ = fcntl(WorkerProcess.counterDescriptor, F_SETFD, FD_CLOEXEC)
        return try SharedCounter(sharing: OwnedDescriptor(owning: WorkerProcess.counterDescriptor))
    }
}
