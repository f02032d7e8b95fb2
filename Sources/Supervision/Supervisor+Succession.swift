import EventLoop
import Glibc
import JSON

/// When Kong reloads, its new workers begin while the old server still listens: they get ids of the old one, and come back with
/// them to the new one. Kong 2.8 would go on so for ever over ProtoBuf:1, and each request without the plugin.
extension Supervisor {
    /// Kong's old workers go on with their ids until they have ended, and nobody closes those.
    private static let inheritanceLimit: Duration = .seconds(120)
    /// What was started so shortly before this server, in seconds, may be the new workers'.
    private static let recent: Int64 = 60

    /// What a slot has to go on with.
    func inheritance(for slot: WorkerSlot) -> [KeptInstance] {
        let all = inheritance ?? askForInheritance()
        inheritance = all
        return all.filter { slot.plugin == nil || $0.plugin == slot.plugin }
    }

    private func askForInheritance() -> [KeptInstance] {
        do {
            let answer = try configuration.ask("instances", [:])
            guard case .array(let values)? = answer["instances"] else { return [] }
            let instances = values.compactMap { KeptInstance($0) }
            logger.info("\(instances.count) instances of the other server go on in this one")
            loop.schedule(after: Self.inheritanceLimit) { [unowned self] in
                for instance in instances where instance.startedAt < startedAt - Self.recent {
                    for slot in slots { slot.forget(instance.id) }
                }
            }
            return instances
        } catch {
            logger.info("the instances of the other server are not known: \(error)")
            return []
        }
    }

    /// Passes on what Kong has asked this server for, to the one that has taken its socket.
    func bequeath(_ instance: KeptInstance) {
        // The other one has not asked yet, and will hear of it then.
        guard let path = configuration.controlPath, case .listener(let pid, _) = UnixListener.occupant(of: path), pid != getpid() else { return }
        do {
            _ = try configuration.ask("inherit", ["instance": instance.json])
        } catch {
            logger.info("instance \(instance.id) of \(instance.plugin) stays unknown to the other server: \(error)")
        }
    }

    // MARK: Requests

    func tellInstances(_ request: JSONValue, _ reply: @escaping @Sendable (JSONValue) -> Void) {
        // What has been started, and not been read here.
        for slot in slots { for worker in slot.workers { worker.receive() } }
        reply(.object(["instances": .array(slots.flatMap { $0.instances.all.map(\.json) })]))
    }

    func inherit(_ request: JSONValue, _ reply: @escaping @Sendable (JSONValue) -> Void) {
        guard let instance = KeptInstance(request["instance"]) else { return reply(.object(["error": .string("inherit needs an instance")])) }
        slots.first { $0.plugin == nil || $0.plugin == instance.plugin }?.inherit(instance)
        reply(.object(["ok": .boolean(true)]))
    }
}
