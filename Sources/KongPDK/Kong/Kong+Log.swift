extension Kong {
    /// `kong.log`: Kong's error log.
    public var log: Log { Log(kong: self) }

    /// Kong's error log, and the record that logging plugins serialize.
    ///
    /// Kong drops what is below its `log_level`, `notice` unless configured otherwise.
    public struct Log: Sendable {
        let kong: Kong

        /// Writes a line of level `debug`.
        ///
        /// Phases: all. Kong's name: `kong.log.debug`, since 2.0.
        public func debug(_ message: String) throws(PDKError) { try kong.queue(.logDebug, message) }

        /// Writes a line of level `info`.
        ///
        /// Phases: all. Kong's name: `kong.log.info`, since 2.0.
        public func info(_ message: String) throws(PDKError) { try kong.queue(.logInfo, message) }

        /// Writes a line of level `notice`.
        ///
        /// Phases: all. Kong's name: `kong.log.notice`, since 2.0.
        public func notice(_ message: String) throws(PDKError) { try kong.queue(.logNotice, message) }

        /// Writes a line of level `warn`.
        ///
        /// Phases: all. Kong's name: `kong.log.warn`, since 2.0.
        public func warn(_ message: String) throws(PDKError) { try kong.queue(.logWarn, message) }

        /// Writes a line of level `err`.
        ///
        /// Phases: all. Kong's name: `kong.log.err`, since 2.0.
        public func err(_ message: String) throws(PDKError) { try kong.queue(.logErr, message) }

        /// Writes a line of level `crit`.
        ///
        /// Phases: all. Kong's name: `kong.log.crit`, since 2.0.
        public func crit(_ message: String) throws(PDKError) { try kong.queue(.logCrit, message) }

        /// Writes a line of level `alert`.
        ///
        /// Phases: all. Kong's name: `kong.log.alert`, since 2.0.
        public func alert(_ message: String) throws(PDKError) { try kong.queue(.logAlert, message) }

        /// Writes a line of level `emerg`.
        ///
        /// Phases: all. Kong's name: `kong.log.emerg`, since 2.0, over MessagePack only.
        public func emerg(_ message: String) throws(PDKError) { try kong.queue(.logEmerg, message) }

        /// Writes values as Lua shows them, with a frame around them, at level `notice`. For debugging: it is slow.
        ///
        /// Phases: all. Kong's name: `kong.log.inspect`, since 2.0, over MessagePack only.
        public func inspect(_ values: Value...) throws(PDKError) { try kong.queue(.logInspect, values) }

        /// Writes a line of level `warn` about something that one should not do any more.
        ///
        /// Phases: all. Kong's name: `kong.log.deprecation`, since 2.6, over MessagePack only.
        /// - Parameters:
        ///   - message: what one should not do.
        ///   - after: the version since which one should not, as "2.5.0".
        ///   - removal: the version that will not have it any more.
        ///   - trace: write where in Kong's Lua code it was.
        public func deprecation(
            _ message: String, after: String? = nil, removal: String? = nil, trace: Bool = false
        ) throws(PDKError) {
            var about: [String: Value] = [:]
            about["after"] = after.map { .string($0) }
            about["removal"] = removal.map { .string($0) }
            if trace { about["trace"] = true }
            try kong.queue(.logDeprecation, about.isEmpty ? [.string(message)] : [.string(message), .map(about)])
        }

        /// What `setSerializeValue` does where the record has such a field, or has none.
        public enum SerializeMode: String, Sendable {
            /// In any case.
            case set
            /// Only if there is none.
            case add
            /// Only if there is one.
            case replace
        }

        /// Sets a field of the record that `serialize` returns; dots in the name make it a nested one. In the log phase the
        /// record has been made already.
        ///
        /// Phases: rewrite, access, response. Kong's name: `kong.log.set_serialize_value`, since 2.3.
        /// - Parameters:
        ///   - name: the field's, as "request.tenant".
        ///   - value: `.nil` removes the field; it can only be set.
        ///   - mode: another one than `.set` only over MessagePack.
        public func setSerializeValue(_ name: String, _ value: Value, mode: SerializeMode = .set) throws(PDKError) {
            if mode == .set { return try kong.queue(.logSetSerializeValue, name, value) }
            // Kong's Lua loses what comes after a nil.
            try kong.check(!value.isNil, .logSetSerializeValue, "nil can be set, but not added, and replaces nothing")
            try kong.queue(.logSetSerializeValue, [.string(name), value, .map(["mode": .string(mode.rawValue)])])
        }

        /// The record of the request that logging plugins write, as JSON. U+FFFD stands for what is not UTF-8 in it, such
        /// as an odd header: `serializeBytes` has it as it came.
        ///
        /// Phases: log. Kong's name: `kong.log.serialize`, since 2.0.
        public func serialize() async throws(PDKError) -> String {
            String(decoding: try await serializeBytes(), as: UTF8.self)
        }

        /// The record of the request, whatever bytes it is made of.
        ///
        /// Phases: log. Kong's name: `kong.log.serialize`, since 2.0.
        public func serializeBytes() async throws(PDKError) -> [UInt8] {
            try await kong.ask(.logSerialize).bytes()
        }
    }
}
