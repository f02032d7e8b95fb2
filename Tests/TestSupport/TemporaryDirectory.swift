import Foundation

/// A directory that is gone when the test is over. Its path is short, since a socket's has to be.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// What the tests make is nobody else's to write, whatever the shell that started them says.
    private static let isUmaskSet: Bool = {
        umask(0o022)
        return true
    }()

    package init() throws {
        _ = Self.isUmaskSet
        var template = Array("/tmp/pluginserver.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, 0o755) == 0 else { throw TestFailure("chmod \(path): errno \(errno)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// The text of a file; empty if there is none.
    package func text(of name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file(name)) ?? Data(), as: UTF8.self)
    }

    package func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }

    @discardableResult
    package func makeDirectory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        return file(name)
    }

    package func setMode(_ mode: mode_t, of name: String) throws {
        guard chmod(file(name), mode) == 0 else { throw TestFailure("chmod \(file(name)): errno \(errno)") }
    }

    package func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
    }
}

/// What a test needs and cannot get.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
