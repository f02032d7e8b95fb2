import Foundation
import KongPDK
import TestSupport
import Testing

/// Says on which thread its methods run, and blocks it.
private actor Blocker {
    private nonisolated let thread: BlockingThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private var done: [Int] = []

    init() throws { thread = try BlockingThread() }

    /// As "4711/task/4712".
    func threadID() -> String { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")) ?? "" }

    func wait(for semaphore: DispatchSemaphore) { semaphore.wait() }
    func open(_ semaphore: DispatchSemaphore) { semaphore.signal() }

    func note(_ number: Int) { done.append(number) }
    func notes() -> [Int] { done }
}

@Suite(.timeLimit(.minutes(1))) struct BlockingThreadTests {
    @Test func anActorStaysOnItsThreadAndSharesItWithNobody() async throws {
        let one = try Blocker(), other = try Blocker()
        let first = await one.threadID()
        #expect(first.contains("/task/"))
        for _ in 0..<20 { #expect(await one.threadID() == first) }
        #expect(await other.threadID() != first)
    }

    /// More of them than the machine has cores wait, and all the rest goes on.
    @Test func whoBlocksKeepsNobodyElseWaiting() async throws {
        let gate = DispatchSemaphore(value: 0)
        let count = ProcessInfo.processInfo.activeProcessorCount * 4
        let blockers = try (0..<count).map { _ in try Blocker() }
        let opener = try Blocker()
        await withTaskGroup { group in
            for blocker in blockers { group.addTask { await blocker.wait(for: gate) } }
            for _ in blockers { group.addTask { await opener.open(gate) } }
        }
    }

    @Test func callsAreDoneInOrder() async throws {
        let blocker = try Blocker()
        for number in 1...1000 { await blocker.note(number) }
        #expect(await blocker.notes() == Array(1...1000))
    }

    @Test func theThreadEndsWithItsActor() async throws {
        var blocker: Blocker? = try Blocker()
        let thread = try #require(await blocker?.threadID())
        #expect(FileManager.default.fileExists(atPath: "/proc/\(thread)"))
        blocker = nil
        #expect(await eventually { !FileManager.default.fileExists(atPath: "/proc/\(thread)") })
    }

    /// The last one to let go of the actor may be its own thread.
    @Test func theThreadEndsAlsoIfItIsTheLastToKnowTheActor() async throws {
        var threads: [String] = []
        for _ in 0..<50 { threads.append(await Task.detached { [blocker = try Blocker()] in await blocker.threadID() }.value) }
        #expect(await eventually { !threads.contains { FileManager.default.fileExists(atPath: "/proc/\($0)") } })
    }
}
