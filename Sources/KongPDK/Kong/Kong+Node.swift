extension Kong {
    /// `kong.node`: the Kong node that runs the plugin.
    public var node: Node { Node(kong: self) }

    /// The Kong node that runs the plugin.
    public struct Node: Sendable {
        let kong: Kong

        /// The node's id, a UUID.
        ///
        /// Phases: all. Kong's name: `kong.node.get_id`, since 2.0.
        public func id() async throws(PDKError) -> String {
            try await kong.ask(.nodeGetID).string()
        }

        /// The name of the machine.
        ///
        /// Phases: all. Kong's name: `kong.node.get_hostname`, since 2.3, over MessagePack only.
        public func hostname() async throws(PDKError) -> String {
            try await kong.ask(.nodeGetHostname).string()
        }

        /// How much memory Kong uses, in bytes.
        ///
        /// Phases: all. Kong's name: `kong.node.get_memory_stats`, since 2.0.
        public func memoryStats() async throws(PDKError) -> MemoryStats {
            try await MemoryStats(kong.ask(.nodeGetMemoryStats))
        }
    }

    /// `kong.cluster`: the nodes that share a database or a control plane.
    public var cluster: Cluster { Cluster(kong: self) }

    /// The nodes that share a database or a control plane.
    public struct Cluster: Sendable {
        let kong: Kong

        /// The cluster's id, a UUID; nil if it has none.
        ///
        /// Phases: all. Kong's name: `kong.cluster.get_id`, since 2.3, over MessagePack only.
        public func id() async throws(PDKError) -> String? {
            try await kong.ask(.clusterGetID).optionalString()
        }
    }

    /// `kong.plugin`: the entry of Kong's configuration by which this plugin runs.
    public var plugin: PluginEntity { PluginEntity(kong: self) }

    /// The entry of Kong's configuration by which this plugin runs.
    public struct PluginEntity: Sendable {
        let kong: Kong

        /// The entry's id, a UUID; nil if Kong does not say.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.plugin.get_id`, since 3.3, over MessagePack only.
        public func id() async throws(PDKError) -> String? {
            try await kong.ask(.pluginGetID).optionalString()
        }
    }

    /// `kong.router`: what Kong has found for the request.
    public var router: Router { Router(kong: self) }

    /// What Kong has found for the request. Kong 2 fails both calls in the log phase.
    public struct Router: Sendable {
        let kong: Kong

        /// The route of the request; nil if none matches.
        ///
        /// Phases: access, response, log. Kong's name: `kong.router.get_route`, since 2.0.
        public func route() async throws(PDKError) -> Route? {
            try await Route(kong.ask(.routerGetRoute))
        }

        /// The service that the request is for; nil if its route leads to none.
        ///
        /// Phases: access, response, log. Kong's name: `kong.router.get_service`, since 2.0.
        public func service() async throws(PDKError) -> KongPDK.Service? {
            try await KongPDK.Service(kong.ask(.routerGetService))
        }
    }

    /// `kong.telemetry`: what Kong reports to OpenTelemetry.
    public var telemetry: Telemetry { Telemetry(kong: self) }

    /// What Kong reports to OpenTelemetry.
    public struct Telemetry: Sendable {
        let kong: Kong

        /// Writes a line to the logs that Kong's OpenTelemetry plugin reports. Throws `PDKError.Code.refused` if that is not
        /// configured to.
        ///
        /// Phases: rewrite, access, response, log. Kong's name: `kong.telemetry.log`, since 3.8, over MessagePack only.
        /// - Parameters:
        ///   - message: the line.
        ///   - pluginName: who says it.
        ///   - pluginID: the id of the plugin's entry in Kong's configuration, as `kong.plugin.id` has it.
        ///   - type: what kind of message it is.
        ///   - attributes: what else is known, by name.
        public func log(
            _ message: String, type: String, pluginName: String, pluginID: String? = nil,
            attributes: [String: Value] = [:]
        ) async throws(PDKError) {
            var config: [String: Value] = [:]
            config["__plugin_id"] = pluginID.map { .string($0) }
            var arguments: [Value] = [.string(pluginName), .map(config), .string(type), .string(message)]
            if !attributes.isEmpty { arguments.append(.map(attributes)) }
            try Answer(try await kong.ask(.telemetryLog, arguments), .telemetryLog).done()
        }
    }
}
