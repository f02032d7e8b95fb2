import KongClient
import Testing
import WireProtocol

/// What real Kong sent to a real Go server, byte chunk by byte chunk, sent to this one.
@Suite struct KongTrafficTests {
    @Test(arguments: ["kong-2.2.2-msgpack.jsonl", "kong-2.8.5-msgpack.jsonl", "kong-3.9.1-msgpack.jsonl"])
    func messagePack(_ file: String) throws {
        try TestServer.run { server in
            let replay = MessagePackReplay(server)
            var received: [String: [UInt8]] = [:]
            var answers = 0
            let steps = try Recording.traffic(in: file)
            for step in steps {
                let name = try #require(step.conn)
                if step.event == "connect" {
                    try replay.connect(name)
                } else if step.event != nil {
                    replay.close(name)
                } else if step.isFromKong {
                    // Kong's requests are whole in each chunk of these recordings.
                    try replay.connection(name).send(replay.request(step.bytes))
                } else {
                    received[name, default: []] += step.bytes
                    for message in try MessagePack.split(&received[name, default: []]) {
                        try replay.expect(message, on: name, nil, "\(file), answer \(answers)")
                        answers += 1
                    }
                }
            }
            #expect(answers > 10)
            #expect(received.values.allSatisfy { $0.isEmpty })
        }
    }

    @Test(arguments: ["kong-3.4.2-protobuf.jsonl", "kong-3.9.1-protobuf.jsonl"])
    func protoBuf(_ file: String) throws {
        try TestServer.run { server in
            var connections: [String: RawConnection] = [:]
            var sent: [String: [UInt8]] = [:]
            var received: [String: ArraySlice<UInt8>] = [:]
            var ids: [Int32: Int32] = [:]
            var answers = 0
            for step in try Recording.traffic(in: file) {
                let name = try #require(step.conn)
                if step.event == "connect" {
                    connections[name] = try server.connect()
                } else if step.event != nil {
                    connections.removeValue(forKey: name)?.close()
                } else if step.isFromKong {
                    // Ids are in frames, and frames may come in two chunks: a frame whose id changes is sent in two as well.
                    let isFirst = sent[name, default: []].isEmpty
                    sent[name, default: []] += step.bytes
                    var rest = sent[name, default: []][...]
                    guard let payload = ProtoBufReplay.frame(&rest) else { continue }
                    let frame = try ProtoBufReplay.request(KongClient.framed(payload), ids)
                    let connection = try #require(connections[name])
                    if isFirst {
                        try connection.send(frame)
                    } else {
                        try connection.send(Array(frame.prefix(4)))
                        try connection.send(Array(frame.dropFirst(4)))
                    }
                    #expect(rest.isEmpty)
                    sent[name] = []
                } else {
                    received[name, default: []] += step.bytes
                    while let recorded = ProtoBufReplay.frame(&received[name, default: []]) {
                        let frame = try #require(connections[name]).receiveFrame()
                        if let id = try ProtoBufReplay.expect(frame, recorded, "\(file), frame \(answers)") {
                            ids[id.recorded] = id.own
                        }
                        answers += 1
                    }
                }
            }
            #expect(answers > 10)
            #expect(received.values.allSatisfy { $0.isEmpty })
        }
    }
}
