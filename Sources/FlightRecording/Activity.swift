import CFlightRecorder

/// A plugin's code that runs, or ran when the process ended.
public struct Activity: Sendable, Hashable {
    /// What it is called for.
    public enum Kind: String, Sendable {
        case opening, start, stop, handler, completion, task, cancel
    }

    public let plugin: String
    public let kind: Kind
    /// By the id that Kong has for it; nil: none yet.
    public let instance: Int32?
    /// Of tasks that nobody scheduled for an event, and starts and stops: nil.
    public let event: UInt64?
    /// Nil without an event.
    public let phase: String?

    init?(_ mark: flight_mark, in recorder: FlightRecorder) {
        guard mark.what != FLIGHT_NOTHING, let plugin = recorder.pluginName(mark.plugin),
            let name = flight_activity_name(mark.what), let kind = Kind(rawValue: String(cString: name))
        else { return nil }
        self.plugin = plugin
        self.kind = kind
        instance = mark.instance == 0 ? nil : mark.instance
        event = mark.event == 0 ? nil : mark.event
        phase = mark.event == 0 ? nil : flight_phase_name(mark.phase).map { String(cString: $0) }
    }

    /// As "goplug: access handler", and "goplug: start".
    public var name: String { "\(plugin): \(phase.map { "\($0) " } ?? "")\(kind.rawValue)" }
}
