import Foundation
import Testing

/// A directory that is gone when the test is over.
final class TemporaryDirectory {
    let path: String

    /// What the tests make is nobody else's to write, whatever the shell that started them says.
    private static let isUmaskSet: Bool = {
        umask(0o022)
        return true
    }()

    init() throws {
        _ = Self.isUmaskSet
        path = NSTemporaryDirectory() + "plugin-loader-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
    }

    func setMode(_ mode: mode_t, of name: String) { #expect(chmod(file(name), mode) == 0) }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: file(name), withDestinationPath: target)
    }
}
