import Testing

extension [Traffic.Failure] {
    /// Each ran when a process ended, and each client has lost one by each end at most.
    ///
    /// A client may notice late by which end it has lost an event: what waited for the next process ran at two ends, and so did an
    /// event whose next step was sent late. So each failure is put down to the first end that it ran at and that has cost its
    /// client nothing yet.
    /// - Parameter ends: in which times the processes ended, in their order.
    func expectOnlyInFlight(at ends: [ClosedRange<ContinuousClock.Instant>], _ sourceLocation: SourceLocation = #_sourceLocation) {
        for (client, failures) in Dictionary(grouping: self, by: \.client) {
            var rest = ends[...]
            for failure in failures.sorted(by: { $0.ended < $1.ended }) {
                rest = rest.drop { $0.upperBound < failure.began }
                guard let end = rest.first, end.lowerBound <= failure.ended else {
                    Issue.record("client \(client) has lost \(failure), and no end of a process explains it", sourceLocation: sourceLocation)
                    continue
                }
                rest = rest.dropFirst()
            }
        }
    }
}
