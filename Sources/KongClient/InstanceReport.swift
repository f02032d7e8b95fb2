import WireProtocol

/// What a server says of an instance.
public struct InstanceReport: Hashable, Sendable {
    public let name: String
    public let id: Int64
    /// The configuration that the plugin got. Not every server says so over ProtoBuf:1.
    public let config: OwnedValue?
    /// Seconds since 1970.
    public let startedAt: Int64

    init(name: String, id: Int64, config: OwnedValue?, startedAt: Int64) {
        self.name = name
        self.id = id
        self.config = config
        self.startedAt = startedAt
    }

    /// From a result of MessagePack-RPC.
    init(_ value: OwnedValue) throws(KongClientError) {
        guard let name = value["Name"]?.text, let id = value["Id"]?.integer, let startedAt = value["StartTime"]?.integer else {
            throw .violation("an instance has no Name, Id or StartTime: \(value)")
        }
        self.init(name: name, id: id, config: value["Config"], startedAt: startedAt)
    }
}
