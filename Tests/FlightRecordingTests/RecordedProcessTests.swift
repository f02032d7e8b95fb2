// Unsafe pointers: arguments are lent to posix_spawn.

import FlightRecording
import Foundation
import Glibc
import TestSupport
import Testing

/// A process that shares its flight recorder, as it is read after its end.
@Suite struct RecordedProcessTests {
    /// What a worker does with the recorder, and nothing else.
    private static let source = #"""
        #include "flight_recorder.h"
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        char *flight_demangle(const char *name) { return NULL; }

        __attribute__((noinline)) void the_function_that_crashes(const char *how) {
            if (strcmp(how, "null") == 0) *(volatile int *)8 = 1;
            if (strcmp(how, "exit") == 0) exit(7);
            if (strcmp(how, "loop") == 0) for (volatile int wait = 1; wait;) {}
            __asm__ volatile("");
        }

        int main(int count, char **arguments) {
            flight_page *page = flight_page_map(3);
            if (page == NULL) return 100;
            flight_install(page, NULL);
            if (flight_enter_thread(1, FLIGHT_LOOP) == NULL) return 101;
            flight_add_plugin("first", 5);
            flight_mark mark = flight_no_mark();
            mark.plugin = flight_add_plugin("second", 6);
            mark.event = 1 << 20;
            mark.instance = 12;
            mark.phase = 2;
            flight_note_modules();
            flight_mark outer = flight_begin(flight_current_slot(), mark, FLIGHT_HANDLE);
            flight_mark inner = flight_begin(flight_current_slot(), mark, FLIGHT_TASK);
            flight_end(flight_current_slot(), inner);
            the_function_that_crashes(arguments[1]);
            flight_end(flight_current_slot(), outer);
            if (strcmp(arguments[1], "wait") == 0) for (;;) pause();
            return 0;
        }
        """#

    private static let sources = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("../../Sources/CFlightRecorder").path

    /// A process of that program.
    private final class Recorded {
        let recorder: FlightRecorder
        let pid: pid_t

        init(_ how: String, in directory: TemporaryDirectory) throws {
            let sources = RecordedProcessTests.sources
            try directory.write(RecordedProcessTests.source.utf8, to: "program.c")
            let parts = ["page", "recorder", "crash", "answer", "leave", "report"].map { "\(sources)/\($0).c" }
            try run(
                "clang",
                ["-fno-omit-frame-pointer", "-O1", "-I", "\(sources)/include", directory.file("program.c")] + parts
                    + ["-lpthread", "-o", directory.file("program")])
            recorder = try FlightRecorder(loops: 2, blockingThreads: 1, isShared: true)
            let descriptor = try #require(recorder.descriptor)
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, descriptor, 3)
            var arguments = [strdup(directory.file("program")), strdup(how), nil]
            defer { for argument in arguments { free(argument) } }
            var child = pid_t()
            try #require(posix_spawn(&child, directory.file("program"), &actions, nil, &arguments, nil) == 0)
            pid = child
        }

        /// Waits for its end.
        func status() -> Int32 {
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            return status
        }
    }

    @Test func aSignalIsReadWithWhatRan() throws {
        let directory = try TemporaryDirectory()
        let process = try Recorded("null", in: directory)
        #expect(process.status() & 0x7f == SIGSEGV)
        let crash = try #require(process.recorder.crash)
        #expect(crash.cause == .signal(SIGSEGV, address: 8))
        let activity = try #require(crash.activity)
        #expect(activity.name == "second: access handler")
        #expect(activity.kind == .handler && activity.instance == 12 && activity.event == 1 << 20)
        #expect(!crash.isAnswered)
        #expect(crash.summary == "second: access handler crashed: SIGSEGV at 0x8, instance 12, event 1048576, not answered, thread \(process.pid)")
        #expect(crash.frames.first?.path == directory.file("program"))
        var symboliser = Symboliser()
        let lines = symboliser.lines(of: crash.frames)
        #expect(lines.first?.hasPrefix("the_function_that_crashes in \(directory.file("program")) + 0x") == true, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("main in ") }, "\(lines)")
    }

    @Test func anExitIsReadWithItsStatus() throws {
        let directory = try TemporaryDirectory()
        let process = try Recorded("exit", in: directory)
        #expect(process.status() >> 8 == 7)
        let crash = try #require(process.recorder.crash)
        #expect(crash.cause == .exit(status: 7) && crash.activity?.plugin == "second")
    }

    @Test func aHeldLoopIsFoundAndEnded() throws {
        let directory = try TemporaryDirectory()
        let process = try Recorded("loop", in: directory)
        var held = HeldLoops(loops: 2, warning: .milliseconds(20), limit: .milliseconds(60))
        var warnings = 0
        let hasEnded = eventually {
            for finding in held.look(at: process.recorder) {
                switch finding {
                case .warning(let slot, let activity, _):
                    warnings += 1
                    #expect(slot == 1 && activity.plugin == "second")
                case .limit(let slot, _, let duration):
                    #expect(process.recorder.end(process: process.pid, bySlot: slot, heldFor: duration))
                    return true
                }
            }
            return false
        }
        #expect(hasEnded)
        #expect(warnings == 1)
        #expect(process.status() & 0x7f == SIGXCPU)
        guard case .held(let duration)? = process.recorder.crash?.cause else { throw Missing() }
        #expect(duration >= .milliseconds(60))
    }

    /// As when the machine was suspended: the loop is held for as long as somebody has looked, and no longer.
    @Test func timeThatNobodyHasSeenDoesNotCount() throws {
        let directory = try TemporaryDirectory()
        let process = try Recorded("loop", in: directory)
        defer {
            kill(process.pid, SIGKILL)
            _ = process.status()
        }
        #expect(eventually { process.recorder.activity(inSlot: 1) != nil })
        var held = HeldLoops(loops: 2, warning: .seconds(1), limit: .seconds(10))
        let start = ContinuousClock.now
        #expect(held.look(at: process.recorder, now: start).isEmpty)
        // A warning's worth of it may have been seen.
        let warned = held.look(at: process.recorder, now: start + .seconds(3600))
        guard case .warning(_, _, let duration)? = warned.first else { throw Missing() }
        #expect(warned.count == 1 && duration == .seconds(1))
        // From here it is looked at as ever.
        for second in 1..<9 {
            #expect(held.look(at: process.recorder, now: start + .seconds(3600 + second)).isEmpty)
        }
        guard case .limit? = held.look(at: process.recorder, now: start + .seconds(3609)).first else { throw Missing() }
    }

    private struct Missing: Error {}

    /// Whoever waits for something else holds no loop.
    @Test func whatIsLeftIsNoActivity() throws {
        let directory = try TemporaryDirectory()
        let process = try Recorded("wait", in: directory)
        // Two marks and their ends, each of which counts.
        #expect(eventually { process.recorder.sequence(ofSlot: 1) >= 4 })
        #expect(process.recorder.sequence(ofSlot: 1) == 4)
        #expect(process.recorder.activity(inSlot: 1) == nil)
        #expect(process.recorder.crash == nil)
        kill(process.pid, SIGKILL)
        #expect(process.status() & 0x7f == SIGKILL)
        #expect(process.recorder.crash == nil)
    }

    @Test func whatIsNoRecorderIsRefused() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array(repeating: UInt8(0), count: 1 << 20), to: "zeros")
        let descriptor = open(directory.file("zeros"), O_RDWR)
        defer { close(descriptor) }
        #expect(throws: FlightRecorderError.self) { try FlightRecorder(inherited: dup(descriptor)) }
    }
}
