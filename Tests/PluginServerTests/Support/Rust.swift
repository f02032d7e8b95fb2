import TestSupport

/// The compiler of Rust, which nothing else needs: where there is none, its tests are skipped.
enum Rust {
    static let isThere = (try? run("rustc", ["--version"])) != nil
    static let hello = "\(Plugins.package)/Plugins/hello-rust"

    /// Builds a plugin as build.sh does, told that the compiler is "rustc 1.2.3".
    /// - Parameter source: the file that has all of it.
    static func compile(_ source: String, named name: String, into directory: String) throws {
        try run(
            "env",
            [
                "KONG_RUST_COMPILER=rustc 1.2.3", "rustc", "--edition", "2021", "--crate-type", "cdylib", "--crate-name", "plugin",
                "-C", "strip=debuginfo", "-D", "unused", source, "-o", "\(directory)/\(name).so",
            ])
    }

    /// Builds one of `Plugins/hello-rust`'s declarations and some text.
    static func compile(text: String, named name: String, into directory: String) throws {
        let parts = try TemporaryDirectory()
        try parts.write(
            """
            #[macro_use]
            #[path = "\(hello)/kong/mod.rs"]
            mod kong;
            use kong::*;
            \(text)
            """.utf8, to: "lib.rs")
        try compile(parts.file("lib.rs"), named: name, into: directory)
    }
}
