import WireProtocol

// kong/pdk/vault.lua, since 2.8

extension SimulatedExchange {
    mutating func callVault(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "is_reference": return .boolean(VaultReference.isOne(arguments[0]))
        case "parse_reference": return try VaultReference(arguments[0]).value
        case "get": return .string(try secret(arguments[0]))
        case "update": return updated(arguments[0])
        // What these do to Kong's caches is not to be seen in one exchange.
        case "flush", "init_worker", "warmup": return nil
        case "try": throw .raised("attempt to call local 'callback' (a \(arguments[0].luaType) value)")
        default: throw .unknownMethod
        }
    }

    private func secret(_ reference: OwnedValue) throws(Interruption) -> String {
        _ = try VaultReference(reference)
        guard let secret = gateway.secrets[reference.text ?? ""] else {
            throw .failed("could not get value from external vault (no value found)")
        }
        return secret
    }

    /// A configuration with the secrets that its `$refs` name; an empty string for one that is not to be had.
    private mutating func updated(_ config: OwnedValue) -> OwnedValue {
        guard var entries = config.entries, !entries.isEmpty else {
            return config.items.map { .array($0.map { updated($0) }) } ?? config
        }
        let references = Array("$refs".utf8)
        for (key, value) in entries where key != references { entries[key] = updated(value) }
        for (name, reference) in entries[references]?.entries ?? [:] {
            guard let several = reference.entries else {
                entries[name] = reference.items == nil ? replaced(reference) : .array(reference.luaSequence.map { replaced($0) })
                continue
            }
            var values = entries[name]?.entries ?? [:]
            for (key, reference) in several { values[key] = replaced(reference) }
            entries[name] = .map(values)
        }
        return .map(entries)
    }

    private mutating func replaced(_ reference: OwnedValue) -> OwnedValue {
        do throws(Interruption) {
            return .string(try secret(reference))
        } catch {
            if case .failed(let text) = error {
                write(.warn, "error updating secret reference \(reference.luaText.text): \(text)")
            }
            return ""
        }
    }
}

/// A reference to a secret: `{vault://name/resource/key?option=value#version}`.
struct VaultReference {
    let value: OwnedValue

    static func isOne(_ value: OwnedValue) -> Bool {
        guard case .string(let bytes) = value else { return false }
        return bytes.starts(with: "{vault://".utf8) && bytes.last == UInt8(ascii: "}")
    }

    init(_ reference: OwnedValue) throws(Interruption) {
        let text = reference.luaText.text
        guard Self.isOne(reference) else { throw .failed("not a reference [\(text)]") }
        var rest = Array(reference.luaText.dropFirst("{vault://".utf8.count).dropLast())
        func cut(at mark: Unicode.Scalar) -> [UInt8]? {
            guard let place = rest.firstIndex(of: UInt8(ascii: mark)) else { return nil }
            defer { rest.removeSubrange(place...) }
            return Array(rest[(place + 1)...])
        }
        let (fragment, query, path) = (cut(at: "#"), cut(at: "?"), cut(at: "/"))
        guard !rest.isEmpty else { throw .failed("reference url is missing host [\(text)]") }
        guard let path else { throw .failed("reference url is missing path [\(text)]") }
        guard !path.isEmpty else { throw .failed("reference url has empty path [\(text)]") }
        var fields: [String: OwnedValue] = ["name": .string(rest)]
        if let fragment {
            guard let version = Lua.number(fragment) else {
                throw .failed("reference url has invalid version [\(text)]")
            }
            fields["version"] = OwnedValue(luaNumber: version)
        }
        let parts = path.split(separator: UInt8(ascii: "/"))
        guard let last = parts.last else { throw .failed("reference url has invalid path [\(text)]") }
        // The last part is a key of the secret, unless a slash follows it.
        let hasKey = parts.count > 1 && path.last != UInt8(ascii: "/")
        let resource = (hasKey ? parts.dropLast() : parts[...]).joined(separator: [UInt8(ascii: "/")])
        fields["resource"] = .string(PercentEncoding.decode(Array(resource)[...]))
        if hasKey { fields["key"] = .string(PercentEncoding.decode(last)) }
        if let query, !query.isEmpty { fields["config"] = QueryString.form(query, limit: 100).arguments }
        value = .map(fields.byBytes)
    }
}
