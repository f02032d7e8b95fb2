import Foundation
import Testing

@testable import PluginLoader

/// A log that several processes append to, and that people move away.
@Suite struct LogFileTests {
    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func linesAreAppended() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        try "before\n".write(toFile: path, atomically: true, encoding: .utf8)
        let log = LogFile(path: path, limit: 1 << 20)
        #expect(log.append("one\n") == nil)
        #expect(log.append("two\n  more of two\n") == nil)
        #expect(try lines(path) == ["before", "one", "two", "  more of two"])
    }

    @Test func aFileThatWasMovedOrRemovedIsBegunAnew() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let log = LogFile(path: path, limit: 1 << 20)
        _ = log.append("one\n")
        try FileManager.default.moveItem(atPath: path, toPath: "\(path).old")
        _ = log.append("two\n")
        try FileManager.default.removeItem(atPath: path)
        _ = log.append("three\n")
        #expect(try lines("\(path).old") == ["one"])
        #expect(try lines(path) == ["three"])
    }

    @Test func aFileThatWasCutToNothingGoesOnAtItsBeginning() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let log = LogFile(path: path, limit: 1 << 20)
        _ = log.append("a long line, before logrotate's copytruncate\n")
        truncate(path, 0)
        _ = log.append("two\n")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("two\n".utf8))
    }

    @Test func aFileBeyondItsLimitIsMovedAwayWhole() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let log = LogFile(path: path, limit: 100)
        for number in 0..<30 { #expect(log.append("line \(number), of about 20\n") == nil) }
        let kept = try lines("\(path).1") + lines(path)
        #expect(kept == (30 - kept.count..<30).map { "line \($0), of about 20" })
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count < 100 + 30)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["log", "log.1"])
    }

    /// Two logs on one file are two processes to it: each has a descriptor and a lock of its own.
    @Test func severalWritersRotateItOnceAndTearNoLine() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let logs = (0..<4).map { _ in LogFile(path: path, limit: 20_000) }
        DispatchQueue.concurrentPerform(iterations: 4) { writer in
            for number in 0..<1000 { _ = logs[writer].append("writer \(writer) line \(number)\n") }
        }
        let kept = try lines("\(path).1") + lines(path)
        for writer in 0..<4 {
            let numbers = kept.filter { $0.hasPrefix("writer \(writer) ") }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            // In order; what went with older files is missing at the beginning, if anything.
            #expect(numbers.last == 999 || numbers.isEmpty)
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
            #expect(numbers.isEmpty || numbers == Array((1000 - numbers.count)..<1000))
        }
        #expect(kept.allSatisfy { $0.wholeMatch(of: /writer [0-3] line [0-9]{1,3}/) != nil })
        #expect(kept.count > 500)
    }

    @Test func aFileThatCannotBeOpenedIsToldOfOnceAndTriedAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("later/log")
        let log = LogFile(path: path, limit: 1 << 20)
        guard case .failed(path, let reason)? = log.append("one\n") else { throw LogFailure() }
        #expect(reason == "No such file or directory")
        #expect(log.append("two\n") == nil)
        #expect(log.isFailing)
        mkdir(directory.file("later"), 0o755)
        #expect(log.append("three\n") == .recovered(path: path, lostLines: 2))
        #expect(!log.isFailing)
        #expect(try lines(path) == ["three"])
    }

    private struct LogFailure: Error {}

    @Test func neitherLinksNorFIFOsNorDirectoriesAreWrittenTo() throws {
        let directory = try TemporaryDirectory()
        let target = directory.file("target")
        try "target\n".write(toFile: target, atomically: true, encoding: .utf8)
        symlink(target, directory.file("link"))
        mkfifo(directory.file("fifo"), 0o600)
        mkdir(directory.file("directory"), 0o755)
        for name in ["link", "fifo", "directory"] {
            guard case .failed = LogFile(path: directory.file(name), limit: 1 << 20).append("line\n") else {
                Issue.record("\(name) was written to")
                continue
            }
        }
        #expect(try lines(target) == ["target"])
    }

    @Test func itDoesNotMoveWhatItCannotMoveAndGoesOn() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        // A directory that is not empty stands where the old log would go.
        try FileManager.default.createDirectory(atPath: "\(path).1/x", withIntermediateDirectories: true)
        let log = LogFile(path: path, limit: 10)
        #expect(log.append("more than ten bytes\n") == nil)
        guard case .cannotRotate(path, _)? = log.append("two\n") else { throw LogFailure() }
        #expect(log.append("three\n") == nil)
        #expect(try lines(path) == ["more than ten bytes", "two", "three"])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func whatRootMakesBelongsToTheOwnerOfTheDirectory() throws {
        let directory = try TemporaryDirectory()
        chown(directory.path, 4711, 4712)
        _ = LogFile(path: directory.file("log"), limit: 1 << 20).append("line\n")
        let status = try #require(FileStatus(path: directory.file("log")))
        #expect(status.owner == 4711 && status.group == 4712 && status.modeText == "0644")
    }
}
