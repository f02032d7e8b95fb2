import EventLoop
import Logging
import PluginLoader

/// What a server does when it is told to by whoever looks after its process. All of it is [loop 0].
extension Server {
    /// Starts instances again that had their ids in another process; `done` is called when all plugins have answered, or
    /// have taken too long: those go on starting.
    public func restore(_ seeds: [InstanceSeed], within limit: Duration = .seconds(10), _ done: @escaping @Sendable () -> Void) {
        guard let main = mainLoop else { return }
        let progress = RestoreProgress(seeds.count, logger, done)
        for seed in seeds {
            // Each loop starts its share, and stops it later.
            let context = nextContextInTurn()
            context.loop.schedule { [self] in
                instances.restore(seed, on: context) { failure in main.schedule { progress.advance(seed, failure) } }
            }
        }
        main.schedule(after: limit) { [logger] in
            guard let missing = progress.giveUp() else { return }
            logger.warning("\(missing) instances are still being started; their events wait")
        }
    }

    /// Starts an instance that another process has started meanwhile.
    public func restore(_ seed: InstanceSeed) {
        // On this loop: an inquiry after it may be answered next.
        guard let context = context(of: 0) else { return }
        instances.restore(seed, on: context) { [logger] failure in
            if let failure { logger.error("cannot start instance \"\(seed.plugin)\":\(seed.id) again: \(failure)") }
        }
    }

    /// The answer to an inquiry: all that is known has been told.
    public func inquired(_ id: Int32) { instances.inquired(InstanceID(rawValue: id)) }

    /// An instance was closed in another process.
    public func forget(_ id: Int32) { instances.forget(InstanceID(rawValue: id), in: contexts) }

    /// Serves a connection that another process has had.
    public func adopt(_ connection: HandedConnection, _ socket: consuming OwnedDescriptor) {
        let context = nextContextInTurn()
        let number = socket.release()
        context.loop.schedule {
            do {
                try Connection(OwnedDescriptor(owning: number), context).resume(connection)
            } catch {
                context.server.logger.error("cannot serve a connection: \(error)")
            }
        }
    }
}
