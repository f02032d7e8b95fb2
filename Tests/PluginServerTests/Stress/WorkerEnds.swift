import TestSupport

/// What the log says of each worker that has ended by itself.
extension TestServer {
    var workerEnds: [String] { log.split(separator: "\n").map(String.init).filter { $0.contains(" has ended with ") } }

    /// Waits until there are so many, and returns the last.
    func waitForWorkerEnd(_ count: Int) throws -> String {
        var ends: [String] = []
        guard eventually(within: .seconds(60), { ends = workerEnds; return ends.count >= count }), let last = ends.last, ends.count == count
        else { throw TestFailure("\(count) workers should have ended, and these have: \(ends)") }
        return last
    }
}
