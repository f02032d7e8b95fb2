import EventLoop
import Foundation
import Glibc
import Testing

/// A directory that is gone when the test is.
private func withDirectory(_ body: (String) throws -> Void) throws {
    let path = "\(NSTemporaryDirectory())/el-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

private func listener(_ path: String) throws -> UnixListener {
    try UnixListener(path: path, onAccept: { _ in }, onTrouble: { _ in })
}

@Suite struct UnixListenerTests {
    @Test func aStaleSocketIsReplaced() throws {
        try withDirectory { directory in
            let path = "\(directory)/s"
            // Dropped without `stop`: as a killed server leaves it.
            do { _ = try listener(path) }
            #expect(FileManager.default.fileExists(atPath: path))
            let second = try listener(path)
            second.stop()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func theEndOfTheOldServerLeavesTheNewOnesSocket() throws {
        try withDirectory { directory in
            let path = "\(directory)/s"
            let old = try listener(path)
            let new = try listener(path)
            old.stop()
            #expect(FileManager.default.fileExists(atPath: path))
            new.stop()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
        }
    }

    @Test func aFileThatIsNoSocketIsNotTouched() throws {
        try withDirectory { directory in
            let path = "\(directory)/s"
            try "precious".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: SystemError.self) { _ = try listener(path) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        }
    }

    @Test func aPathThatIsTooLongIsAnError() throws {
        try withDirectory { directory in
            let path = directory + "/" + String(repeating: "x", count: UnixListener.longestPath)
            let error = try #require(throws: SystemError.self) { _ = try listener(path) }
            #expect(error.code == ENAMETOOLONG)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
        }
    }

    @Test func theLongestPathWorks() throws {
        try withDirectory { directory in
            let room = UnixListener.longestPath - directory.utf8.count - 1
            try #require(room > 0)
            let path = directory + "/" + String(repeating: "x", count: room)
            let socket = try listener(path)
            #expect(FileManager.default.fileExists(atPath: path))
            socket.stop()
        }
    }
}
