import Foundation
import JSON
import KongClient
import Statistics
import Testing
import WireProtocol

extension TestServer {
    var control: String { directory.file("swift-pluginserver.control") }

    /// What the control socket answers.
    func answer(to request: [UInt8]) throws -> String {
        let connection = try RawConnection(path: control, timeout: .seconds(30))
        try connection.send(request)
        return String(decoding: try connection.receiveUntilClosed(), as: UTF8.self)
    }

    func status() throws -> ServerStatus {
        // It listens a little later than for Kong.
        guard eventually({ FileManager.default.fileExists(atPath: control) }) else { throw TestFailure("there is no control socket") }
        return try ServerStatus(JSONValue(parsing: answer(to: Array("{\"command\":\"status\"}\n".utf8))))
    }

    /// Waits until the status is so: what happens last to an event may come after Kong has heard of its end.
    func expectStatus(
        _ what: String, _ sourceLocation: SourceLocation = #_sourceLocation, _ condition: (ServerStatistics) -> Bool
    ) throws {
        var last: ServerStatus?
        let isTrue = try eventually {
            let status = try self.status()
            last = status
            return condition(status.statistics)
        }
        #expect(isTrue, "\(what): \(last?.statistics.json.text ?? "")", sourceLocation: sourceLocation)
    }
}

extension ServerStatistics {
    func events(_ plugin: String, _ phase: String = "access") -> EventCounts {
        events[EventKind(plugin: plugin, phase: phase)] ?? EventCounts()
    }
}
