import Foundation
import KongClient
import Testing

/// Colours: on a terminal, and only there.
@Suite struct ColourTests {
    private let directory: TemporaryDirectory
    private let commands: [[String]]

    init() throws {
        directory = try TemporaryDirectory()
        try "text".write(toFile: directory.file("text.so"), atomically: true, encoding: .utf8)
        commands = [
            ["check", directory.path, "\(Program.folder)/librecorded_noop.so"], ["inspect", directory.file("text.so")],
            ["doctor", "-kong-prefix", directory.path, "-plugins-directory", directory.path, "--socket", directory.file("text.so")],
            ["try", "\(Program.folder)/librecorded_goplug.so", "--phase", "log"],
        ]
    }

    private static let escape = "\u{1b}["

    @Test func aTerminalHasColours() throws {
        for command in commands {
            let text = try Terminal.output(of: command, environment: ["TERM=xterm"])
            #expect(text.contains("\(Self.escape)31m"), "\(command): \(text)")
            #expect(text.contains("\(Self.escape)1m"), "\(command): \(text)")
            // Each one is ended.
            #expect(text.components(separatedBy: Self.escape).count % 2 == 1)
        }
        #expect(try Terminal.output(of: commands[0], environment: ["NO_COLOR=", "TERM=xterm"]).contains(Self.escape))
    }

    @Test(arguments: [["NO_COLOR=1", "TERM=xterm"], ["NO_COLOR=false", "TERM=xterm"], ["TERM=dumb"]])
    func butNotIfItIsAskedForNone(_ environment: [String]) throws {
        for command in commands {
            let text = try Terminal.output(of: command, environment: environment)
            #expect(!text.contains("\u{1b}"), "\(command): \(text)")
            #expect(!text.isEmpty)
        }
    }

    @Test func aFileHasNone() throws {
        for command in commands {
            let run = try Program(command, environment: ["TERM=xterm"])
            #expect(!run.outputText.contains("\u{1b}"))
            #expect(!run.output.isEmpty)
        }
    }

    @Test func theStatusIsAsTheOthers() throws {
        try TestServer.run(prepare: { try "text".write(toFile: "\($0)/bad.so", atomically: true, encoding: .utf8) }) { server in
            _ = try server.status()
            let command = ["status", "-kong-prefix", server.directory.path]
            let text = try Terminal.output(of: command, environment: ["TERM=xterm"])
            for code in ["1m", "31mrefused", "32mloaded"] { #expect(text.contains("\(Self.escape)\(code)"), "\(text)") }
            #expect(try !Program(command, environment: ["TERM=xterm"]).outputText.contains("\u{1b}"))
            #expect(try !Terminal.output(of: command + ["--json"], environment: ["TERM=xterm"]).contains("\u{1b}"))
        }
    }

    @Test func jsonHasNoneAnywhere() throws {
        for command in commands {
            let text = try Terminal.output(of: command + ["--json"], environment: ["TERM=xterm"])
            #expect(!text.contains("\u{1b}"))
            _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
        }
    }
}

/// A pseudo-terminal, for programs that look whether they write to one.
private enum Terminal {
    /// Linux's TIOCSPTLCK and TIOCGPTN: what unlockpt and ptsname do, which Swift's Glibc module does not show.
    private static let unlockRequest: UInt = 0x4004_5431
    private static let numberRequest: UInt = 0x8004_5430

    /// Runs the server's program with its standard output on a terminal of its own.
    static func output(of arguments: [String], environment: [String]) throws -> String {
        let controlling = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard controlling >= 0 else { throw TestFailure("/dev/ptmx: errno \(errno)") }
        defer { close(controlling) }
        var (locked, number) = (Int32(0), Int32(-1))
        guard ioctl(controlling, unlockRequest, &locked) == 0, ioctl(controlling, numberRequest, &number) == 0 else {
            throw TestFailure("no pseudo-terminal: errno \(errno)")
        }
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { throw TestFailure("the pseudo-terminal cannot be opened: errno \(errno)") }
        let process = try ServerProcess(Program.path, arguments, environment: environment, output: .descriptor(terminal))
        close(terminal)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(controlling, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            // EIO is how a terminal says that nobody has its other end open.
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        _ = try process.waitForEnd(within: .seconds(30))
        return String(decoding: bytes, as: UTF8.self)
    }
}
