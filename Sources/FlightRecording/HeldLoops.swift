import CFlightRecorder

/// Finds loops that a plugin does not let go of. It is shown the recorder from time to time: what has the same sequence as
/// the time before has not moved since.
public struct HeldLoops {
    /// What is to be done about a loop.
    public enum Finding: Sendable {
        /// To be told of, once.
        case warning(slot: Int, Activity, held: Duration)
        /// To be ended.
        case limit(slot: Int, Activity, held: Duration)
    }

    private struct Sample {
        var sequence: UInt64
        var since: ContinuousClock.Instant
        var hasWarned = false
        var isOver = false
    }

    private let warning: Duration
    private let limit: Duration?
    private var samples: [Sample?]
    private var lastLook: ContinuousClock.Instant?

    /// - Parameter limit: nil: nothing is ended.
    public init(loops: Int, warning: Duration, limit: Duration?) {
        self.warning = warning
        self.limit = limit
        samples = Array(repeating: nil, count: loops)
    }

    /// What has been seen so far means nothing.
    public mutating func forget() { samples = Array(repeating: nil, count: samples.count) }

    public mutating func look(at recorder: FlightRecorder, now: ContinuousClock.Instant = .now) -> [Finding] {
        var findings: [Finding] = []
        // Nobody has looked for long: what kept this from it, such as a machine that slept, has kept the loops from moving, too.
        let unseen = (lastLook?.duration(to: now) ?? .zero) - warning
        if unseen > .zero {
            for slot in samples.indices { samples[slot]?.since += unseen }
        }
        lastLook = now
        for slot in samples.indices {
            let sequence = recorder.sequence(ofSlot: slot)
            guard let activity = recorder.activity(inSlot: slot) else {
                samples[slot] = nil
                continue
            }
            guard var sample = samples[slot], sample.sequence == sequence else {
                samples[slot] = Sample(sequence: sequence, since: now)
                continue
            }
            let held = sample.since.duration(to: now)
            if let limit, held >= limit, !sample.isOver {
                sample.isOver = true
                findings.append(.limit(slot: slot, activity, held: held))
            } else if held >= warning, !sample.hasWarned {
                sample.hasWarned = true
                findings.append(.warning(slot: slot, activity, held: held))
            }
            samples[slot] = sample
        }
        return findings
    }
}
