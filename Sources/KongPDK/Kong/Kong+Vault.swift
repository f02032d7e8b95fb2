extension Kong {
    /// `kong.vault`: secrets, which Kong's configuration names by references as `{vault://env/my-secret}`.
    ///
    /// Kong itself resolves the references in fields of a plugin's configuration that are `referenceable`.
    public var vault: Vault { Vault(kong: self) }

    /// Secrets.
    public struct Vault: Sendable {
        let kong: Kong

        /// The secret that a reference names; nil (Kong 3) or `PDKError.Code.refused` (Kong 2) if it cannot be had.
        ///
        /// One that is not UTF-8 throws `PDKError.Code.notUTF8`: see `getBytes`.
        ///
        /// Phases: all. Kong's name: `kong.vault.get`, since 2.8, over MessagePack only.
        public func get(_ reference: String) async throws(PDKError) -> String? {
            try await kong.ask(.vaultGet, reference).optionalString()
        }

        /// The secret that a reference names, whatever bytes it is made of.
        ///
        /// Phases: all. Kong's name: `kong.vault.get`, since 2.8, over MessagePack only.
        public func getBytes(_ reference: String) async throws(PDKError) -> [UInt8]? {
            try await kong.ask(.vaultGet, reference).optionalBytes()
        }

        /// Whether a text has the form of a reference.
        ///
        /// Phases: all. Kong's name: `kong.vault.is_reference`, since 2.8, over MessagePack only.
        public func isReference(_ text: String) async throws(PDKError) -> Bool {
            try await kong.ask(.vaultIsReference, text).boolean()
        }

        /// A reference taken apart; nil (Kong 3) or `PDKError.Code.refused` (Kong 2) if it is none.
        ///
        /// Phases: all. Kong's name: `kong.vault.parse_reference`, since 2.8, over MessagePack only.
        public func parseReference(_ reference: String) async throws(PDKError) -> VaultReference? {
            try await VaultReference(kong.ask(.vaultParseReference, reference))
        }

        /// A table with the secrets in it that its references name now.
        ///
        /// Phases: all. Kong's name: `kong.vault.update`, since 3.4, over MessagePack only.
        /// - Parameter options: with an entry "$refs" that has a reference for each field to be replaced. A secret that is
        ///   not in Kong's cache leaves its field out.
        public func update(_ options: [String: Value]) async throws(PDKError) -> [String: Value] {
            try await kong.ask(.vaultUpdate, Value.map(options)).map()
        }

        /// Has Kong fetch all secrets that are named anywhere in a table, so that they are in its cache.
        ///
        /// Phases: all. Kong's name: `kong.vault.warmup`, since 3.5, over MessagePack only.
        public func warmup(_ input: Value) throws(PDKError) {
            try kong.queue(.vaultWarmup, input)
        }

        /// Empties Kong's cache of secrets; it then fetches them all anew.
        ///
        /// Phases: all. Kong's name: `kong.vault.flush`, since 3.3, over MessagePack only.
        public func flush() throws(PDKError) {
            try kong.queue(.vaultFlush)
        }
    }
}
