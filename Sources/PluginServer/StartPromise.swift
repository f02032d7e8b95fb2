// Unsafe pointers: bytes are lent to the flight recorder.

import CFlightRecorder
import WireProtocol

/// An instance that is about to be started under an id of its own, and how Kong is told the id if the start ends the process: a
/// connection that closes instead is a failure that Kong 2.4 to 3.0 do not recover from.
// @unchecked Sendable: nothing changes after `init`, and the connection's record is never freed.
final class StartPromise: @unchecked Sendable {
    let seed: InstanceSeed
    private let connection: UnsafePointer<flight_connection>?
    private let answer: [UInt8]

    /// - Parameters:
    ///   - connection: on which Kong waits; nil: nobody waits for this start.
    ///   - append: appends the answer.
    init(
        _ seed: InstanceSeed, on connection: UnsafePointer<flight_connection>? = nil,
        _ append: (inout ByteQueue) throws(WireError) -> Void = { (_) throws(WireError) in }
    ) {
        self.seed = seed
        var bytes = ByteQueue()
        let isEncoded = (try? append(&bytes)) != nil && !bytes.hasFailed
        answer = Array(bytes.bytes)
        self.connection = isEncoded && !answer.isEmpty ? connection : nil
    }

    /// Runs the plugin's start; Kong is told the id if this is the end.
    func keep(during start: () -> Void) {
        answer.withUnsafeBytes { flight_set_start_answer(connection, $0.baseAddress, $0.count) }
        start()
        flight_set_start_answer(nil, nil, 0)
    }
}

extension StartPromise? {
    /// Runs a start that nobody may be waiting for.
    func keep(during start: () -> Void) {
        if let self { self.keep(during: start) } else { start() }
    }
}

/// How Kong is told of an instance, by the protocol that it has asked in.
struct StartAnswer {
    let connection: UnsafePointer<flight_connection>?
    let append: (InstanceRecord, inout ByteQueue) throws(WireError) -> Void
}
