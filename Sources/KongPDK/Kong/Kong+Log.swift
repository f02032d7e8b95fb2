extension Kong {
    /// `kong.log`: Kong's error log.
    public var log: Log { Log(kong: self) }

    /// Kong's error log, and the record that logging plugins serialize. All phases.
    ///
    /// Kong drops what is below its `log_level`, `notice` unless configured otherwise.
    public struct Log: Sendable {
        let kong: Kong

        /// `kong.log.debug`
        public func debug(_ message: String) throws(PDKError) { try kong.queue(.logDebug, message) }
        /// `kong.log.info`
        public func info(_ message: String) throws(PDKError) { try kong.queue(.logInfo, message) }
        /// `kong.log.notice`
        public func notice(_ message: String) throws(PDKError) { try kong.queue(.logNotice, message) }
        /// `kong.log.warn`
        public func warn(_ message: String) throws(PDKError) { try kong.queue(.logWarn, message) }
        /// `kong.log.err`
        public func err(_ message: String) throws(PDKError) { try kong.queue(.logErr, message) }
        /// `kong.log.crit`
        public func crit(_ message: String) throws(PDKError) { try kong.queue(.logCrit, message) }
        /// `kong.log.alert`
        public func alert(_ message: String) throws(PDKError) { try kong.queue(.logAlert, message) }

        /// Sets a field of the record that `serialize` returns; dots in the name make it a nested one.
        /// Phases: rewrite, access and response; in log the record has been made already. `kong.log.set_serialize_value`
        public func setSerializeValue(_ name: String, _ value: Value) throws(PDKError) {
            try kong.queue(.logSetSerializeValue, name, value)
        }

        /// The record of the request that logging plugins write, as JSON. What is not UTF-8 in it, such as an odd header, is
        /// replaced by U+FFFD. Phase: log. `kong.log.serialize`
        public func serialize() async throws(PDKError) -> String {
            try await kong.ask(.logSerialize).repairedString(.logSerialize)
        }
    }
}
