import EventLoop
import Glibc
import Synchronization
import Testing

/// Runs a loop on a thread of its own until `body` is done.
private func withRunningLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let loop = try EventLoop(index: 7)
    let ended = Signal()
    var thread = pthread_t()
    let context = Unmanaged.passRetained(LoopThread(loop, ended))
    try #require(
        pthread_create(
            &thread, nil,
            { context in
                let thread = Unmanaged<LoopThread>.fromOpaque(context!).takeRetainedValue()
                thread.loop.run()
                thread.ended.send()
                return nil
            }, context.toOpaque()) == 0)
    do {
        try await body(loop)
    } catch {
        loop.stop()
        await ended.wait()
        throw error
    }
    loop.stop()
    await ended.wait()
    pthread_join(thread, nil)
}

private final class LoopThread: Sendable {
    let loop: EventLoop
    let ended: Signal
    init(_ loop: EventLoop, _ ended: Signal) {
        self.loop = loop
        self.ended = ended
    }
}

private final class Flag: Sendable {
    let value = Atomic(false)
}

/// Something that happens once, and can be waited for.
final class Signal: Sendable {
    private struct State {
        var isSent = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func send() {
        let waiters = state.withLock { state in
            state.isSent = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { waiter in
            let isSent = state.withLock { state in
                if !state.isSent { state.waiters.append(waiter) }
                return state.isSent
            }
            if isSent { waiter.resume() }
        }
    }
}

@Suite struct EventLoopTests {
    @Test func tasksFromAnotherThreadRunOnTheLoopInOrder() async throws {
        try await withRunningLoop { loop in
            let seen = Mutex<[Int]>([])
            let done = Signal()
            for number in 0..<1000 {
                loop.schedule {
                    #expect(loop.isCurrent)
                    #expect(EventLoop.current === loop)
                    seen.withLock { $0.append(number) }
                    if number == 999 { done.send() }
                }
            }
            await done.wait()
            #expect(seen.withLock { $0 } == Array(0..<1000))
            #expect(!loop.isCurrent)
        }
    }

    @Test func aTaskScheduledByATaskRunsAfterIt() async throws {
        try await withRunningLoop { loop in
            let seen = Mutex<[String]>([])
            let done = Signal()
            loop.schedule {
                loop.schedule {
                    seen.withLock { $0.append("second") }
                    done.send()
                }
                seen.withLock { $0.append("first") }
            }
            await done.wait()
            #expect(seen.withLock { $0 } == ["first", "second"])
        }
    }

    @Test func aTaskThatAlwaysSchedulesAnotherDoesNotKeepTimersWaiting() async throws {
        try await withRunningLoop { loop in
            let isOver = Flag()
            let done = Signal()
            loop.schedule {
                @Sendable func again() {
                    if isOver.value.load(ordering: .relaxed) { return }
                    loop.schedule { again() }
                }
                again()
                loop.schedule(after: .milliseconds(5)) {
                    isOver.value.store(true, ordering: .relaxed)
                    done.send()
                }
            }
            await done.wait()
        }
    }

    @Test func timersRunInTheOrderOfTheirTimesAndNeverEarly() async throws {
        try await withRunningLoop { loop in
            let seen = Mutex<[Int]>([])
            let done = Signal()
            loop.schedule {
                let start = EventLoop.now
                for delay in [30, 10, 20] {
                    loop.schedule(after: .milliseconds(delay)) {
                        #expect(start.duration(to: EventLoop.now) >= .milliseconds(delay))
                        seen.withLock { $0.append(delay) }
                        if delay == 30 { done.send() }
                    }
                }
                let cancelled = loop.schedule(after: .milliseconds(15)) { seen.withLock { $0.append(-1) } }
                loop.cancel(cancelled)
            }
            await done.wait()
            #expect(seen.withLock { $0 } == [10, 20, 30])
        }
    }

    @Test func aStoppedLoopTakesNoTasks() async throws {
        let loop = try EventLoop(index: 0)
        loop.stop()
        loop.run()
        #expect(!loop.schedule { Issue.record("a stopped loop ran a task") })
    }

    @Test func aSourceThatWasRemovedInTheSameTurnIsNotCalled() async throws {
        try await withRunningLoop { loop in
            var pipes: [Int32] = [-1, -1]
            try #require(pipe(&pipes) == 0)
            var others: [Int32] = [-1, -1]
            try #require(pipe(&others) == 0)
            let descriptors = (pipes, others)
            defer { for descriptor in descriptors.0 + descriptors.1 { close(descriptor) } }
            let done = Signal()
            loop.schedule {
                let first = Remover(loop)
                let second = Remover(loop)
                // Both are readable in one turn; whichever is called first removes the other.
                first.other = second
                second.other = first
                first.registration = try? loop.add(first, descriptor: descriptors.0[0], for: .readable)
                second.registration = try? loop.add(second, descriptor: descriptors.1[0], for: .readable)
                var byte: UInt8 = 1
                _ = write(descriptors.0[1], &byte, 1)
                _ = write(descriptors.1[1], &byte, 1)
                loop.schedule(after: .milliseconds(20)) {
                    #expect(first.calls + second.calls == 1)
                    done.send()
                }
            }
            await done.wait()
        }
    }
}

private final class Remover: EventSource {
    let loop: EventLoop
    var other: Remover?
    var registration: Registration?
    var calls = 0

    init(_ loop: EventLoop) { self.loop = loop }

    func ready(_ readiness: Readiness) {
        calls += 1
        for registration in [registration, other?.registration] {
            if let registration { loop.remove(registration) }
        }
        other = nil
    }
}
