import CFlightRecorder

/// What a process has left of its end.
public struct CrashReport: Sendable {
    public enum Cause: Sendable, Hashable {
        /// A signal, and the address that could not be accessed or where the instruction is.
        case signal(Int32, address: UInt64)
        /// A signal that another process has sent: nothing that ran has brought it about.
        case sentSignal(Int32, by: Int32)
        /// A plugin called `exit`.
        case exit(status: Int32)
        /// It held its loop for too long, and the watchdog has ended it.
        case held(Duration)
    }

    public let cause: Cause
    /// What the thread was running. Nil: nothing that was marked, such as a thread that a plugin has started itself.
    public let activity: Activity?
    /// Whether Kong has been sent an answer for the event.
    public let isAnswered: Bool
    /// The kernel's id of the thread.
    public let thread: Int32
    /// Where it happened, and where that was called from, innermost first.
    public let frames: [Frame]

    init(_ crash: flight_crash, in recorder: FlightRecorder) {
        cause =
            switch Int(crash.reason) {
            case FLIGHT_EXIT: .exit(status: crash.code)
            case FLIGHT_HELD: .held(.milliseconds(Int64(crash.held_milliseconds)))
            default:
                crash.sender != 0
                    ? .sentSignal(crash.signal, by: crash.sender) : .signal(crash.signal, address: crash.address)
            }
        activity = crash.sender == 0 ? Activity(crash.mark, in: recorder) : nil
        isAnswered = crash.answered != 0
        thread = crash.thread
        frames = withUnsafeBytes(of: crash.addresses) { bytes in
            let addresses = bytes.bindMemory(to: UInt64.self).prefix(Int(crash.address_count))
            return addresses.enumerated().map { index, address in
                Frame(address: address, isReturn: index > 0, module: recorder.module(at: address))
            }
        }
    }

    /// The plugin that is to blame: whose code was marked as running, or else the first whose file is among the frames.
    /// - Parameter paths: plugins by the files that they were loaded from.
    public func culprit(amongFiles paths: [String: String]) -> String? {
        if let activity { return activity.plugin }
        if case .sentSignal = cause { return nil }
        return frames.lazy.compactMap { $0.path.flatMap { paths[$0] } }.first
    }

    /// One line: who, why, and for whom.
    public var summary: String {
        var text = "\(activity?.name ?? "the server") \(cause)"
        if let instance = activity?.instance { text += ", instance \(instance)" }
        if let event = activity?.event { text += ", event \(event), \(isAnswered ? "answered" : "not answered")" }
        return text + ", thread \(thread)"
    }
}

extension CrashReport.Cause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .signal(let number, let address): "crashed: \(Self.name(of: number)) at 0x\(String(address, radix: 16))"
        case .sentSignal(let number, let sender): "was sent \(Self.name(of: number)) by process \(sender)"
        case .exit(let status): "called exit(\(status))"
        case .held(let duration): "held its loop for \(duration.inSeconds)"
        }
    }

    /// As SIGSEGV.
    private static func name(of signal: Int32) -> String {
        flight_signal_name(signal).map { String(cString: $0) } ?? "signal \(signal)"
    }
}

/// An address of a stack.
public struct Frame: Sendable, Hashable {
    public let address: UInt64
    /// Whether something is to return there; the call is just before it.
    let isReturn: Bool
    /// The file that is mapped there.
    public let path: String?
    /// Where in it.
    public let offset: UInt64

    init(address: UInt64, isReturn: Bool, module: (path: String, offset: UInt64)?) {
        self.address = address
        self.isReturn = isReturn
        path = module?.path
        offset = module?.offset ?? address
    }
}
