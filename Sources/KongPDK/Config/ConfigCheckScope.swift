/// What a check is written out with: the fields of the record that it belongs to.
struct ConfigCheckScope {
    let path: String
    /// The check.
    let check: String
    let fields: [ConfigShape.Field]
    /// The names of the fields in the instance that the check's key paths are followed in.
    let names: [ObjectIdentifier: [String]]

    /// The checks of a configuration, or of a struct in it, as Kong's `entity_checks`.
    static func checks<Config: PluginConfig>(
        of type: Config.Type, _ fields: [ConfigShape.Field], at path: String
    ) throws(SchemaError) -> [Value] {
        let checks = Config.checks
        guard !checks.isEmpty else { return [] }
        let config = Config()
        let names = try ConfigSample(encoding: config, at: path).fieldNames
        var values: [Value] = []
        for check in checks {
            let scope = ConfigCheckScope(path: path, check: check.name, fields: fields, names: names)
            values.append([check.name: try check.argument(config, scope)])
        }
        return values
    }

    func error(_ reason: String) -> SchemaError { SchemaError(path: path, reason: "the check \(check) \(reason)") }

    /// The name of the field with these constraints; `a.b` for the field b of the record a.
    func name(of spec: FieldSpec?) throws(SchemaError) -> Value {
        let found = spec.flatMap { names[ObjectIdentifier($0)] } ?? []
        guard let name = found.first else {
            throw error("names a field that is not a property with @Field of the configuration, or of a struct in it")
        }
        guard found.count == 1 else {
            throw error(
                "cannot tell \(found.sorted().joined(separator: " from ")), which are copies of one value: make one of them anew")
        }
        guard field(name) != nil else { throw error("names \(name), which is no field in Kong") }
        return .string(name)
    }

    private func field(_ name: String) -> ConfigShape.Field? {
        var fields = fields
        var found: ConfigShape.Field?
        for part in name.split(separator: ".") {
            found = fields.first { $0.name == part }
            guard let found else { return nil }
            if case .record(let inner, _) = found.shape { fields = inner } else { fields = [] }
        }
        return found
    }

    /// What a field of that name is to satisfy in a condition.
    func match(_ parts: [ConstraintPart], of name: Value) throws(SchemaError) -> Value {
        let constraints = try ConfigConstraints(parts, at: path)
        guard let field = name.stringValue.flatMap(field) else { throw error("names \(name), which is no field in Kong") }
        do {
            try constraints.check(on: field.shape, at: "\(path).\(field.name)")
        } catch {
            throw self.error("cannot be: \(error)")
        }
        // Kong gives a condition the type of its field, but what it says of elements must have theirs.
        var match = field.shape.schema(allowing: [], constraints).filter { constraints.names.contains($0.key) }
        if constraints.isRequired { match["required"] = true }
        guard !match.isEmpty else { throw error("has a condition without constraints for \(name)") }
        if let stranger = match.keys.sorted().first(where: Self.notInConditions.contains) {
            throw error("has \(stranger) in a condition, where Kong takes none")
        }
        return .map(match)
    }

    /// kong/db/schema/metaschema.lua: `conditional_validators` lacks these.
    private static let notInConditions: Set<String> = [
        "description", "examples", "err", "deprecation", "unique", "auto", "encrypted", "referenceable",
    ]

    /// With `then_err`, which Kong formats: every % in it is one.
    func value(_ entries: [String: Value], err: String?) throws(SchemaError) -> Value {
        guard let err else { return .map(entries) }
        guard !err.isEmpty else { throw error("has an empty err, and Kong takes none") }
        let escaped = err.flatMap { $0 == "%" ? "%%" : String($0) }
        return .map(entries.merging(["then_err": .string(String(escaped))]) { $1 })
    }
}
