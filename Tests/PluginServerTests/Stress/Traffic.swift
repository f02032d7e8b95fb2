import Foundation
import KongClient
import Synchronization
import TestSupport
import WireProtocol

/// What Kong's workers ask of a server, on many connections, while something happens to its processes.
///
/// Each client has one connection and one event at a time, so whatever ends a process may cost each of them one event.
final class Traffic: Sendable {
    /// Events of one instance over one protocol.
    struct Lane: Sendable {
        let socket: String
        let wireProtocol: WireProtocolKind
        let instance: Int64
        /// Whether an event went as it should.
        let isGood: @Sendable ([PDKCall]) -> Bool
        /// Sends another event than its own, once.
        var trap: Trap?
    }

    /// An event that Kong saw fail as one does whose process ends.
    struct Failure: Sendable {
        let lane: Int
        let client: Int
        let began: ContinuousClock.Instant
        let ended: ContinuousClock.Instant
    }

    private struct State {
        var done: [Int]
        var failures: [Failure] = []
        /// What no end of a process may bring about.
        var wrong: String?
        var isOver = false
    }

    private let lanes: [Lane]
    private let state: Mutex<State>

    private init(_ lanes: [Lane]) {
        self.lanes = lanes
        state = Mutex(State(done: Array(repeating: 0, count: lanes.count)))
    }

    /// Runs clients, dealt out to the lanes, for as long as a closure takes. Throws if an event has ended in any way that is
    /// neither good nor a closed connection.
    /// - Returns: what the traffic has come to.
    @discardableResult
    static func run(_ lanes: [Lane], clients: Int = StressExtent.clients, _ body: (Traffic) throws -> Void) throws -> Traffic {
        let traffic = Traffic(lanes)
        let group = DispatchGroup()
        for client in 0..<clients {
            group.enter()
            Thread {
                traffic.send(as: client)
                group.leave()
            }.start()
        }
        defer {
            traffic.state.withLock { $0.isOver = true }
            group.wait()
        }
        try body(traffic)
        traffic.state.withLock { $0.isOver = true }
        group.wait()
        if let wrong = traffic.state.withLock({ $0.wrong }) { throw TestFailure(wrong) }
        return traffic
    }

    /// Events of each lane that went as they should.
    var done: [Int] { state.withLock { $0.done } }

    var failures: [Failure] { state.withLock { $0.failures } }

    /// Waits until each lane has got so much further.
    func waitForEvents(_ count: Int, inLane lane: Int? = nil, within limit: Duration = .seconds(60)) throws {
        let before = done
        let concerned = lane.map { $0..<($0 + 1) } ?? lanes.indices
        let isThere = eventually(within: limit) {
            let now = state.withLock { $0 }
            return now.wrong != nil || concerned.allSatisfy { now.done[$0] >= before[$0] + count }
        }
        if let wrong = state.withLock({ $0.wrong }) { throw TestFailure(wrong) }
        guard isThere else { throw TestFailure("events have stopped: \(before), \(limit) later \(done)") }
    }

    private func send(as client: Int) {
        let number = client % lanes.count
        let lane = lanes[number]
        let kong = KongClient(socketPath: lane.socket, protocol: lane.wireProtocol, timeout: .seconds(30), serverMayClose: true)
        while !state.withLock({ $0.isOver }) {
            if let trap = lane.trap, let instance = trap.take() {
                trap.spring(Result { try kong.handleEvent(instance, "access", answering: exiting) })
                continue
            }
            let began = ContinuousClock.now
            do {
                let calls = try kong.handleEvent(lane.instance, "access", answering: exiting)
                state.withLock {
                    if lane.isGood(calls) { $0.done[number] += 1 } else { $0.wrong = $0.wrong ?? "client \(client): \(calls)" }
                }
            } catch let error as KongClientError where error.isEndOfAProcess {
                let failure = Failure(lane: number, client: client, began: began, ended: .now)
                state.withLock { $0.failures.append(failure) }
            } catch {
                state.withLock { $0.wrong = $0.wrong ?? "client \(client): \(error)" }
            }
        }
    }
}

extension KongClientError {
    /// The connection is closed. Or, over MessagePack, between two steps of an event no connection need be open: the next
    /// step comes to another process, which has no such event.
    fileprivate var isEndOfAProcess: Bool {
        switch self {
        case .closed: true
        case .refused(let text): text.hasPrefix("No running event ")
        default: false
        }
    }
}

/// An event that one of a lane's clients sends in place of its usual one.
final class Trap: Sendable {
    private let armed = Mutex<Int64?>(nil)
    private let outcome = Mutex<Result<[PDKCall], any Error>?>(nil)

    /// Has an instance's event sent, and waits for what Kong sees of it.
    func trip(_ instance: Int64, within limit: Duration = .seconds(60)) throws -> Result<[PDKCall], any Error> {
        outcome.withLock { $0 = nil }
        armed.withLock { $0 = instance }
        guard eventually(within: limit, { outcome.withLock { $0 != nil } }), let outcome = outcome.withLock({ $0 }) else {
            throw TestFailure("nobody has sent the event of instance \(instance), or it has no end")
        }
        return outcome
    }

    fileprivate func take() -> Int64? {
        armed.withLock { armed in
            defer { armed = nil }
            return armed
        }
    }

    fileprivate func spring(_ result: Result<[PDKCall], any Error>) { outcome.withLock { $0 = result } }
}
