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
        let headers = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Sources/CKongPlugin/include").standardized.path
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["clang", "-I", headers, "-shared", "-fPIC", file, "-o", "\(directory)/\(name).so"] + Program.extra("CFLAGS")
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw TestFailure("clang cannot compile \(name)") }
        try FileManager.default.removeItem(atPath: file)
    }
}
