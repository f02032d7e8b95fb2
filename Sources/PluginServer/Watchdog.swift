import FlightRecording
import Glibc
import Logging

/// Looks after the loops of its own process where there is no supervisor: a thread that sees which of them have not moved.
public struct Watchdog: Sendable {
    public struct Limits: Sendable {
        /// A plugin that holds a loop for longer is named in the log.
        public var warning: Duration
        /// Past this the process is ended, as by a crash of the plugin; nil: never.
        public var limit: Duration?

        public static let defaultWarning: Duration = .seconds(1)
        public static let defaultLimit: Duration = .seconds(10)

        public init(warning: Duration = Self.defaultWarning, limit: Duration? = Self.defaultLimit) {
            self.warning = warning
            self.limit = limit
        }

        /// How often has to be looked, so that neither is missed by much.
        public var interval: Duration { min(.milliseconds(250), warning / 4, (limit ?? warning) / 4) }
    }

    private let limits: Limits
    private let recorder: FlightRecorder
    private let logger: Logger

    init(_ limits: Limits, _ recorder: FlightRecorder, _ logger: Logger) {
        self.limits = limits
        self.recorder = recorder
        self.logger = logger
    }

    /// To the end of the process.
    func run() -> Never {
        let (seconds, attoseconds) = limits.interval.components
        let interval = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var held = HeldLoops(loops: recorder.loopCount, warning: limits.warning, limit: limits.limit)
        while true {
            var rest = interval
            nanosleep(&rest, nil)
            for finding in held.look(at: recorder) {
                switch finding {
                case .warning(_, let activity, let duration):
                    logger.warning("\(activity.name) has held its loop for \(duration.inSeconds); other events wait")
                case .limit(let slot, let activity, let duration):
                    logger.error("\(activity.name) does not let go of its loop (--handler-limit); the server ends")
                    _ = recorder.end(process: getpid(), bySlot: slot, heldFor: duration)
                }
            }
        }
    }
}
