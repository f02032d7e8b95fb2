import Glibc
import KongClient
import Statistics
import Testing

extension TestServer {
    /// The process that hosts the plugins, or one of them: waits until it serves.
    func worker(of plugin: String = "") throws -> pid_t {
        var found: pid_t?
        guard
            try eventually(within: .seconds(60), {
                found = try status().workers.first { $0.name == plugin }?.pid
                return found != nil
            }), let found
        else { throw TestFailure("there is no worker of \(plugin.isEmpty ? "all plugins" : plugin)") }
        return found
    }
}
