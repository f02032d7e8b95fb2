import CKongPlugin

/// A plugin server's answer to an `RpcCall`: `RpcReturn` in Kong's pluginsocket.proto.
public struct RpcReturn {
    /// That of the call: Kong asserts that it is.
    public var sequence: Int64
    /// Nil for an event, which has no result.
    public var result: RpcResult?

    public init(sequence: Int64, result: RpcResult? = nil) {
        self.sequence = sequence
        self.result = result
    }

    /// - Parameter arena: For the configuration in an instance's status, which points into it and the bytes.
    public init(decoding bytes: UnsafeRawBufferPointer, into arena: ValueArena) throws(WireError) {
        sequence = 0
        var reader = ProtoBufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: sequence = try reader.readInt64(field)
            case 31: result = .pluginNames(try Self.readNames(try reader.readBytes(field)))
            case 32: result = .pluginInfo(try PluginInfo(decoding: try reader.readBytes(field)))
            case 33: result = .instanceStatus(try InstanceStatus(decoding: try reader.readBytes(field), into: arena))
            default: try reader.skip(field)
            }
        }
    }

    /// If it throws, the queue is as it was.
    public func append(to queue: inout ByteQueue) throws(WireError) {
        let start = queue.count
        if sequence != 0 { queue.appendField(1, integer: sequence) }
        do {
            switch result {
            case nil: break
            case .pluginNames(let names):
                try queue.appendField(31) { (queue) throws(WireError) in
                    for name in names { queue.appendField(1, string: name) }
                }
            case .pluginInfo(let info):
                try queue.appendField(32) { (queue) throws(WireError) in info.append(to: &queue) }
            case .instanceStatus(let status):
                try queue.appendField(33) { (queue) throws(WireError) in try status.append(to: &queue) }
            }
        } catch {
            queue.truncate(to: start)
            throw error
        }
    }

    private static func readNames(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> [String] {
        var names: [String] = []
        var reader = ProtoBufReader(bytes)
        while let field = try reader.nextField() {
            guard field.number == 1 else {
                try reader.skip(field)
                continue
            }
            names.append(try reader.readString(field).text)
        }
        return names
    }
}

public enum RpcResult {
    case pluginNames([String])
    case pluginInfo(PluginInfo)
    case instanceStatus(InstanceStatus)
}

/// What a plugin is: `PluginInfo`. Times are seconds since 1970.
public struct PluginInfo: Hashable, Sendable {
    public var name: String
    public var updatedAt: Int64
    public var loadedAt: Int64
    public var phases: [String]
    public var version: String
    public var priority: Int32
    /// JSON.
    public var schema: String

    public init(
        name: String, updatedAt: Int64 = 0, loadedAt: Int64 = 0, phases: [String] = [], version: String = "",
        priority: Int32 = 0, schema: String = ""
    ) {
        self.name = name
        self.updatedAt = updatedAt
        self.loadedAt = loadedAt
        self.phases = phases
        self.version = version
        self.priority = priority
        self.schema = schema
    }

    init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(name: "")
        var reader = ProtoBufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try reader.readString(field).text
            case 2: updatedAt = try reader.readInt64(field)
            case 3: loadedAt = try reader.readInt64(field)
            case 4: phases.append(try reader.readString(field).text)
            case 5: version = try reader.readString(field).text
            case 6: priority = try reader.readInt32(field)
            case 7: schema = try reader.readString(field).text
            default: try reader.skip(field)
            }
        }
    }

    fileprivate func append(to queue: inout ByteQueue) {
        if !name.isEmpty { queue.appendField(1, string: name) }
        if updatedAt != 0 { queue.appendField(2, integer: updatedAt) }
        if loadedAt != 0 { queue.appendField(3, integer: loadedAt) }
        for phase in phases { queue.appendField(4, string: phase) }
        if !version.isEmpty { queue.appendField(5, string: version) }
        if priority != 0 { queue.appendField(6, integer: Int64(priority)) }
        if !schema.isEmpty { queue.appendField(7, string: schema) }
    }
}

/// An instance of a plugin: `InstanceStatus`.
public struct InstanceStatus {
    public var name: String
    public var instanceID: Int32
    /// Its configuration. Kong keeps it but does nothing with it.
    public var config: kong_value?
    /// Seconds since 1970.
    public var startedAt: Int64

    public init(name: String, instanceID: Int32, config: kong_value? = nil, startedAt: Int64) {
        self.name = name
        self.instanceID = instanceID
        self.config = config
        self.startedAt = startedAt
    }

    init(decoding bytes: UnsafeRawBufferPointer, into arena: ValueArena) throws(WireError) {
        self.init(name: "", instanceID: 0, startedAt: 0)
        var decoder = ProtoBufDecoder(into: arena)
        var reader = ProtoBufReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: name = try reader.readString(field).text
            case 2: instanceID = try reader.readInt32(field)
            case 3: config = try decoder.readValue(try reader.readBytes(field))
            case 4: startedAt = try reader.readInt64(field)
            default: try reader.skip(field)
            }
        }
    }

    fileprivate func append(to queue: inout ByteQueue) throws(WireError) {
        if !name.isEmpty { queue.appendField(1, string: name) }
        if instanceID != 0 { queue.appendField(2, integer: Int64(instanceID)) }
        if let config { try ProtoBufEncoder(null: .absent).appendValue(3, config, to: &queue) }
        if startedAt != 0 { queue.appendField(4, integer: startedAt) }
    }
}
