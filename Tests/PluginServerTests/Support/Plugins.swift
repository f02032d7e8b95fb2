import Foundation

/// A directory of plugins: links with the names that Kong shall know them by.
enum Plugins {
    /// The plugins of the recorded conversations.
    static let recorded = [
        "goplug": "recorded_goplug", "noop": "recorded_noop", "tencalls": "recorded_tencalls", "zoo": "recorded_zoo",
    ]
    static let goodAndBad = ["goplug": "recorded_goplug", "tencalls": "recorded_tencalls", "misbehaving": "misbehaving"]

    /// - Parameter plugins: the built plugin for each name.
    static func link(_ plugins: [String: String], into directory: String) throws {
        for (name, target) in plugins {
            try FileManager.default.createSymbolicLink(
                atPath: "\(directory)/\(name).so", withDestinationPath: "\(Program.folder)/lib\(target).so")
        }
    }

    /// Builds a plugin in C.
    /// - Parameter source: after `#include "kong_plugin.h"` and the stamp.
    static func compile(_ source: String, named name: String, into directory: String) throws {
        try compileWhole(
            """
            #include "kong_plugin.h"
            KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "", "cc")
            \(source)
            """, named: name, into: directory)
    }

    /// Builds a plugin in C that brings its own stamp.
    static func compileWhole(_ source: String, named name: String, into directory: String) throws {
        let file = "\(directory)/.\(name).c"
        try source.write(toFile: file, atomically: true, encoding: .utf8)
        try run("clang", ["-I", headers, "-shared", "-fPIC", file, "-o", "\(directory)/\(name).so"])
        try FileManager.default.removeItem(atPath: file)
    }

    /// Builds a plugin that runs Swift code when it is opened.
    /// - Parameters:
    ///   - source: exports a function `work`, without arguments or a result.
    ///   - flags: of swiftc.
    static func compileSwift(_ source: String, _ flags: String..., named name: String, into directory: String) throws {
        let parts = try TemporaryDirectory()
        try source.write(toFile: parts.file("work.swift"), atomically: true, encoding: .utf8)
        try """
        #include "kong_plugin.h"
        KONG_PLUGIN_STAMP(KONG_LANGUAGE_SWIFT, KONG_RUNTIME_UNSTATED, "", "swiftc of the tests")
        void work(void);
        \(CPlugin.source("work();"))
        """.write(toFile: parts.file("entry.c"), atomically: true, encoding: .utf8)
        try run("clang", ["-I", headers, "-fPIC", "-c", parts.file("entry.c"), "-o", parts.file("entry.o")])
        try run(
            "swiftc",
            flags + [
                "-module-name", "Work", "-emit-library", parts.file("work.swift"), parts.file("entry.o"), "-o",
                "\(directory)/\(name).so",
            ])
    }

    private static let headers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Sources/CKongPlugin/include").standardized.path

    private static func run(_ compiler: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [compiler] + arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestFailure("\(compiler) fails: \(arguments)") }
    }
}
