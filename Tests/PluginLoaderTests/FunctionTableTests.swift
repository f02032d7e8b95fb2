import PluginLoader
import TestSupport
import Testing

/// Which function an address of a file is in.
@Suite struct FunctionTableTests {
    /// What `nm` says: each function's name and address.
    private func functions(of path: String, _ options: String...) throws -> [(name: String, address: UInt64)] {
        try run("nm", options + ["--defined-only", path]).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard parts.count == 3, parts[1] == "T" || parts[1] == "t", let address = UInt64(parts[0], radix: 16) else { return nil }
            return (String(parts[2]), address)
        }
    }

    @Test func functionsAreFoundByWhatIsInside() throws {
        let directory = try TemporaryDirectory()
        try CSource().build(to: directory.file("whole.so"))
        let table = try FunctionTable(path: directory.file("whole.so"))
        for name in ["start", "handle", "describe", "kong_plugin_open"] {
            let function = try #require(try functions(of: directory.file("whole.so")).first { $0.name == name })
            #expect(table.function(at: function.address) == name)
            #expect(table.function(at: function.address + 1) == name)
        }
        #expect(table.function(at: 0) == nil)
        #expect(table.function(at: .max) == nil)
    }

    @Test func aStrippedFileHasWhatItExports() throws {
        let directory = try TemporaryDirectory()
        try CSource().build(to: directory.file("stripped.so"), "-s")
        let table = try FunctionTable(path: directory.file("stripped.so"))
        let open = try #require(try functions(of: directory.file("stripped.so"), "-D").first { $0.name == "kong_plugin_open" })
        #expect(table.function(at: open.address + 1) == "kong_plugin_open")
    }

    @Test func whatIsNoLibraryHasNone() throws {
        let directory = try TemporaryDirectory()
        try directory.write("no library".utf8, to: "text")
        #expect(throws: (any Error).self) { try FunctionTable(path: directory.file("text")) }
        #expect(throws: (any Error).self) { try FunctionTable(path: directory.file("missing")) }
    }
}
