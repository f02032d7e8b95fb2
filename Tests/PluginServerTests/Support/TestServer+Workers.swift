import Foundation
import KongClient
import Testing

extension TestServer {
    /// What `status` says.
    func status() throws -> ServerStatus {
        let program = try Program(["status", "-kong-prefix", directory.path])
        guard program.end == .exited(0) else { throw TestFailure("status: \(program.errors)") }
        return try JSONDecoder().decode(ServerStatus.self, from: Data(program.output))
    }

    /// The process that hosts the plugins, or one of them: waits until it serves.
    func worker(of plugin: String? = nil) throws -> pid_t {
        var found: pid_t?
        guard
            try eventually(within: .seconds(60), {
                found = try status().workers.first { $0.plugin == plugin }?.pid
                return found != nil
            }), let found
        else { throw TestFailure("there is no worker of \(plugin ?? "all plugins")") }
        return found
    }
}

/// The keys of `status` that tests look at.
struct ServerStatus: Decodable {
    struct Worker: Decodable {
        let pid: pid_t
        let plugin: String?
        let restarts: Int
        let instances: Int
        let retiring: [pid_t]
    }

    struct Quarantined: Decodable {
        let plugin: String
    }

    let pid: pid_t
    let workers: [Worker]
    let quarantined: [Quarantined]
}
