import Glibc
import Testing

@testable import Supervision

/// A worker that does not answer is named once, and then replaced; whoever answers has never been silent.
@Suite struct SilenceTests {
    @Test func itIsNamedOnceAndThenReplaced() {
        var silence = Silence()
        silence.asked()
        #expect(silence.isWaiting)
        let findings = (1...7).map { _ in silence.look(namedAfter: 3, replacedAfter: 6) }
        #expect(findings == [.nothing, .nothing, .name, .nothing, .nothing, .replace, .replace])
        #expect(silence.looks == 7)
    }

    @Test func anAnswerEndsIt() {
        var silence = Silence()
        silence.asked()
        _ = silence.look(namedAfter: 2, replacedAfter: 4)
        let quiet = silence.answered()
        #expect(!quiet && !silence.isWaiting && silence.looks == 0)
        silence.asked()
        for _ in 1...2 { _ = silence.look(namedAfter: 2, replacedAfter: 4) }
        let told = silence.answered()
        #expect(told)
        // It begins anew.
        silence.asked()
        let finding = silence.look(namedAfter: 2, replacedAfter: 4)
        #expect(finding == .nothing)
    }

    @Test func withoutALimitNothingIsReplaced() {
        var silence = Silence()
        silence.asked()
        let findings = (1...1000).map { _ in silence.look(namedAfter: 5, replacedAfter: nil) }
        #expect(findings.count { $0 == .name } == 1)
        #expect(!findings.contains(.replace))
    }

    @Test func whatTheKernelSaysOfAProcess() {
        let text = "Name:\tswift worker\nState:\tT (stopped)\nTgid:\t7\nTracerPid:\t0\nCoreDumping:\t0\n"
        let stopped = ProcessState(statusText: text)
        #expect(stopped.isStopped && stopped.tracer == nil && stopped.name == "stopped")
        let traced = ProcessState(statusText: text.replacing("T (stopped)", with: "t (tracing stop)").replacing("Pid:\t0", with: "Pid:\t12"))
        #expect(traced.isStopped && traced.tracer == 12 && traced.name == "traced")
        let sleeping = ProcessState(statusText: text.replacing("T (stopped)", with: "S (sleeping)"))
        #expect(!sleeping.isStopped && sleeping.name == "running")
        #expect(ProcessState(statusText: text.replacing("ing:\t0", with: "ing:\t1")).isDumpingCore)
        // What is not there is not known.
        #expect(ProcessState(statusText: "") == ProcessState(of: 0))
        #expect(!ProcessState(of: getpid()).isStopped)
    }
}
