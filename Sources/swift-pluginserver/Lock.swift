import ArgumentParser
import PluginLoader

/// Writes the trust list of a directory.
struct Lock: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes plugins.lock beside the plugins: the files that --require-lock will take.",
        discussion: """
            Only files that are fit now are put on the list, each with its SHA-256, as sha256sum writes it.

            Example:
              swift-pluginserver lock /usr/local/kong/swift-plugins
            """)

    @Argument(help: "The directory of the plugins.")
    var directory: String

    @Flag(name: .goStyle("allow-insecure-plugins"), help: "Put files on the list that untrusted users may write to.")
    var allowInsecurePlugins = false

    func run() throws {
        openStandardDescriptors()
        do throws(LoadError) {
            var options = JudgingOptions.unlocked.check
            options.allowInsecure = allowInsecurePlugins
            let plugins = try PluginDirectory(path: directory, options: options)
            for case .refused(_, let error) in plugins.findings { print("not on the list: \(error)") }
            let lock = try PluginLock(trusting: plugins)
            try lock.write(in: directory)
            print("\(PluginLock.path(in: directory)): \(lock.digests.count) plugins")
        } catch {
            throw fail("\(error)")
        }
    }
}
