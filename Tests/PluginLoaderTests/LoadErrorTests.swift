import Foundation
import Testing

@testable import PluginLoader

@Suite struct LoadErrorTests {
    @Test func versionMismatchHasTheThreeLinesOfTheDesign() throws {
        let directory = try TemporaryDirectory()
        var source = CSource()
        source.stamp = CSource.stamp(major: 2, minor: 0)
        let path = directory.file("goplug.so")
        try source.build(to: path)
        #expect(
            refusal(of: path)?.description == """
                failed to open plugin goplug: plugin.Open("\(directory.path)/goplug"): plugin was built with a different version of package KongPDK [abi-major]
                  plugin: ABI 2.0, PDK 0.9.0, swift 6.2.1     host: ABI 1.1, PDK 0.1.0, swift 6.3.1
                  fix: rebuild goplug with KongPDK 0.1.0, or in C against kong_plugin.h of ABI 1.1; or update swift-pluginserver to one of ABI 2.0
                """)
    }

    @Test func anotherRefusalNamesTheFileItself() throws {
        let directory = try TemporaryDirectory()
        try directory.write("#!/bin/sh\necho hello\n# more than a header's bytes of text, all of it text\n".utf8, to: "goplug.so")
        #expect(
            refusal(of: directory.file("goplug.so"))?.description == """
                failed to open plugin goplug: plugin.Open("\(directory.path)/goplug.so"): it is not a shared library [not-elf]
                  plugin: a script     host: loads ELF shared libraries
                  fix: move \(directory.path)/goplug.so out of the plugins directory, or put the plugin's shared library in its place
                """)
    }

    @Test func textsFromFilesCannotForgeLines() {
        let error = LoadError(
            .loadFailed, .plugin(name: "a\nb", path: "/p\u{1b}[31m"), reason: "x\ny", plugin: "\u{202e}", host: "\r", fix: "z\n")
        #expect(error.description.split(separator: "\n").count == 3)
        #expect(error.description.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && $0 != "\u{202e}" })
    }

    @Test func codesAreStable() {
        #expect(
            LoadError.Code.allCases.map(\.rawValue).sorted() == [
                "abi-major", "abi-minor", "already-open", "bad-descriptor", "bad-elf", "bad-lock", "bad-name", "bad-schema",
                "bad-signature",
                "bad-stamp", "duplicate-name", "file-changed", "glibc", "insecure-directory", "insecure-file",
                "library-version", "load-crash", "load-exit", "load-failed", "load-memory", "load-output", "load-timeout", "lock-mismatch",
                "missing-directory", "missing-entry", "missing-file", "missing-library", "missing-lock", "no-stamp",
                "not-a-file", "not-a-library", "not-elf", "not-in-lock", "open-failed", "permissions", "probe-failed",
                "stamp-differs", "swift-runtime", "truncated", "unreadable", "wrong-machine",
            ])
    }

    /// The page is made from the code: `UPDATE_DOCS=1 swift test --filter LoadErrorTests` writes it.
    @Test func docsPageIsThatOfTheCodes() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/codes.md").path
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
            try LoadError.codesPage.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let page = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page == LoadError.codesPage, "docs/codes.md is old: UPDATE_DOCS=1 swift test --filter LoadErrorTests")
    }

    @Test func everyCodeSaysWhatItMeansAndWhatToDo() {
        for code in LoadError.Code.allCases {
            #expect(code.meaning.hasSuffix(".") && code.remedy.hasSuffix("."), "\(code)")
            #expect(!code.meaning.contains("\n") && !code.meaning.contains("|"), "\(code)")
        }
    }

    @Test(arguments: [("/a/b.so", "/a/b.so"), ("/a b", "'/a b'"), ("it's", #"'it'\''s'"#), ("", "''")])
    func pathsInFixesCanBePasted(path: String, word: String) {
        #expect(path.shellWord == word)
    }
}
