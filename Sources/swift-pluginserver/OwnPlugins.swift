/// The plugins that this program comes with.
enum OwnPlugins {
    /// The directories of its build (dist/plugins) and of its installation.
    static func directories(besides program: String) -> [String] {
        let folder = folder(of: program)
        return ["\(folder)/../plugins", "\(folder)/../lib/swift-pluginserver/plugins"]
    }

    /// Where `swift build` puts its products, plugins among much else.
    static func folder(of program: String) -> String {
        String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])
    }
}
