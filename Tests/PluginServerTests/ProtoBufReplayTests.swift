import CKongPlugin
import KongClient
import Testing
import WireProtocol

/// The conversations that were recorded with go-pdk's ProtoBuf:1 server, played again.
@Suite struct ProtoBufReplayTests {
    private static let recordings = try? Recording.all(in: "go-pdk-protobuf-rpc.json")

    /// The frames that come in place of those that were recorded after a request; nil: any that is not empty.
    private typealias Frames = [[UInt8]?]

    /// By scenario, by request (counted from 0), and why.
    private static let differences: [String: [Int: (frames: Frames, why: String)]] = [
        "cmd_start_instance: bad JSON": [
            0: ([nil], "Kong takes a closed connection for a reason to try without end; the instance's events fail instead")
        ],
        "cmd_start_instance: wrong type in config": [0: ([nil], "as bad JSON")],
        "cmd_handle_event: unknown event name": [
            1: (
                [
                    Array("kong.log.err".utf8),
                    // A ListValue with the string.
                    [0x0a, 0x2b, 0x1a, 0x29] + Array("undefined method rewrite on plugin goplug".utf8),
                    [], [8, 2],
                ],
                "as bad JSON: the request goes on without the plugin, and Kong's log says so"
            )
        ],
        "cmd_get_instance_status: valid, unknown": [1: ([nil], "Go has lost the name, and says \"---\"")],
        "cmd_close_instance: valid, again": [
            1: ([nil], "as above"),
            2: ([nil], "what does not exist is as closed as can be, and Kong would try again"),
        ],
        "two requests in one write": [
            0: ([nil], "the second asks for instance 5, which is Go's id for __seq__ 5, and which nobody has here")
        ],
        "kong.response.exit": [
            1: (
                [Array("kong.response.exit".utf8), nil, [], [8, 2]],
                "the event is over with the call, and the server must not close first: Kong may still be writing"
            ),
            2: ([], "as above"),
        ],
    ]

    @Test func recordingsAreThere() {
        #expect(Self.recordings?.count == 19)
    }

    @Test func conversationsGoAsRecorded() throws {
        try TestServer.run { server in
            for recording in Self.recordings ?? [] {
                do {
                    try play(recording, on: server)
                } catch {
                    Issue.record("\(recording.scenario): \(error)")
                }
            }
            for scenario in Self.differences.keys {
                #expect(Self.recordings?.contains { $0.scenario == scenario } == true, "no scenario \(scenario)")
            }
        }
    }

    private func play(_ recording: Recording, on server: TestServer) throws {
        let connection = try server.connect()
        var ids: [Int32: Int32] = [:]
        var request = -1
        for step in recording.steps {
            let comment: Comment = "\(recording.scenario), request \(request)"
            if step.isFromKong {
                request += 1
                let bytes = try ProtoBufReplay.request(step.bytes, ids)
                if recording.scenario.contains("byte by byte") {
                    for byte in bytes { try connection.send([byte]) }
                } else {
                    try connection.send(bytes)
                }
                if let difference = Self.differences[recording.scenario]?[request] {
                    let why: Comment = "\(recording.scenario), request \(request) (different, since: \(difference.why))"
                    try expect(difference.frames, on: connection, why)
                }
            } else if Self.differences[recording.scenario]?[request] != nil {
                continue
            } else if step.hex != nil {
                let recorded = Array(step.bytes.dropFirst(4))
                let frame = try connection.receiveFrame()
                if let id = try ProtoBufReplay.expect(frame, recorded, comment) { ids[id.recorded] = id.own }
            } else if step.event?.hasPrefix("closed by server") == true {
                #expect(try connection.receiveUntilClosed() == [], comment)
            } else if step.event?.hasPrefix("no answer") == true {
                // What comes later would be in the way of the next connection's first answer at the latest.
                try server.expectService()
                #expect(connection.isQuiet, comment)
            }
        }
    }

    private func expect(_ frames: Frames, on connection: RawConnection, _ comment: Comment) throws {
        for expected in frames {
            let frame = try connection.receiveFrame()
            if let expected { #expect(frame == expected, comment) } else { #expect(!frame.isEmpty, comment) }
        }
    }
}

/// Frames of ProtoBuf:1 between a recording and a server, which has other ids and times.
enum ProtoBufReplay {
    /// The frames with this server's ids in place of those that were recorded; the bytes as they are if they are no
    /// `RpcCall`s, or have no id.
    static func request(_ bytes: [UInt8], _ ids: [Int32: Int32]) throws -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let payload = frame(&rest) {
            result += KongClient.framed(try withOwnID(payload, ids) ?? payload)
        }
        return result + rest
    }

    /// Takes a whole frame off the front, and returns its payload.
    static func frame(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard bytes.count >= 4 else { return nil }
        let length = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= 4 + length else { return nil }
        defer { bytes = bytes.dropFirst(4 + length) }
        return Array(bytes.dropFirst(4).prefix(length))
    }

    private static func withOwnID(_ payload: [UInt8], _ ids: [Int32: Int32]) throws -> [UInt8]? {
        try payload.withUnsafeBytes { bytes -> [UInt8]? in
            guard var call = try? RpcCall(decoding: bytes) else { return nil }
            switch call.command {
            case .getInstanceStatus(let id): call.command = .getInstanceStatus(ids[id] ?? id)
            case .closeInstance(let id): call.command = .closeInstance(ids[id] ?? id)
            case .handleEvent(let id, let phase):
                guard let own = ids[id] else { return nil }
                call.command = .handleEvent(instance: own, phase: phase)
            default: return nil
            }
            var queue = ByteQueue()
            try call.append(to: &queue)
            return Array(queue.bytes)
        }
    }

    /// Compares a frame with the recorded one; the id and time of an instance may differ, and are returned.
    static func expect(
        _ frame: [UInt8], _ recorded: [UInt8], _ comment: Comment
    ) throws -> (recorded: Int32, own: Int32)? {
        guard let was = status(recorded) else {
            #expect(frame == recorded, comment)
            return nil
        }
        let now = try #require(status(frame), comment)
        #expect(now.sequence == was.sequence, comment)
        #expect(now.name == was.name, comment)
        #expect(now.id != 0, comment)
        return (was.id, now.id)
    }

    private static func status(_ payload: [UInt8]) -> (sequence: Int64, name: String, id: Int32)? {
        let arena = ValueArena()
        return payload.withUnsafeBytes { bytes in
            guard let answer = try? RpcReturn(decoding: bytes, into: arena), case .instanceStatus(let status)? = answer.result
            else { return nil }
            return (answer.sequence, status.name, status.instanceID)
        }
    }
}
