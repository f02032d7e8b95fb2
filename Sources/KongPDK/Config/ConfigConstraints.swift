/// The constraints of a field, or of what it holds, as attributes of Kong's.
struct ConfigConstraints: Sendable, Equatable {
    private(set) var attributes: [String: Value] = [:]
    /// By the attribute: `elements`, `keys`, `values`.
    private(set) var nested: [String: ConfigConstraints] = [:]
    private(set) var isRequired = false

    static let none = ConfigConstraints()

    /// Kong makes up a value, so that there is no default to tell it.
    var isAuto: Bool { attributes["auto"] != nil }

    private init() {}

    /// Throws for what Kong's meta-schema refuses.
    init(_ parts: [ConstraintPart], at path: String) throws(SchemaError) {
        for part in parts {
            guard attributes[part.name] == nil, nested[part.name] == nil, part.name != "required" || !isRequired else {
                throw SchemaError(path: path, reason: "\(part.name) is set twice")
            }
            switch part.argument {
            case .constraints(let parts) where part.name == "deprecation":
                attributes[part.name] = .map(try ConfigConstraints(parts, at: path).attributes)
            case .constraints(let parts):
                let inner = try ConfigConstraints(parts, at: path + Self.step(into: part.name))
                guard !inner.isRequired else {
                    throw SchemaError(
                        path: path + Self.step(into: part.name), reason: "what is there is required anyway: leave it out")
                }
                nested[part.name] = inner
            case .value where part.name == "required":
                isRequired = true
            case .value(let value):
                try add(part.name, value, at: path)
            case .encoded(let content):
                try add(part.name, ConfigSample(encoding: content, at: path).value, at: path)
            }
        }
    }

    private static func step(into name: String) -> String {
        switch name {
        case "elements": "[]"
        case "keys": "{key}"
        default: "{}"
        }
    }

    private mutating func add(_ name: String, _ value: Value, at path: String) throws(SchemaError) {
        try value.checkNumbers(at: path, of: name)
        let texts = value.texts
        switch (name, value) {
        case ("description", .string(let text)) where !(10...500).contains(text.utf8.count):
            throw SchemaError(
                path: path, reason: "Kong takes descriptions of 10 to 500 bytes, and this one has \(text.utf8.count)")
        case ("len_min", .integer(let length)), ("len_max", .integer(let length)), ("len_eq", .integer(let length)):
            guard length >= 0 else { throw SchemaError(path: path, reason: "\(name) is \(length), and no length is below 0") }
        case (_, .array([])), ("mutually_exclusive_subsets", .array([[]])):
            throw SchemaError(path: path, reason: "\(name) has nothing in it")
        case _ where Self.takesText.contains(name) && texts.contains(""):
            throw SchemaError(path: path, reason: "\(name) has an empty string, and Kong takes none there")
        default:
            break
        }
        attributes[name] = value
    }

    /// The attributes whose strings Kong refuses when they are empty.
    private static let takesText: Set<String> = [
        "match", "not_match", "match_all", "match_none", "match_any", "starts_with", "err", "message", "removal_in_version",
        "replaced_with", "mutually_exclusive_subsets",
    ]

    /// The attributes, by name: `elements` and such as well.
    var names: Set<String> { Set(attributes.keys).union(nested.keys) }

    func nested(in name: String) -> ConfigConstraints { nested[name] ?? .none }

    // MARK: Fitting to a field

    /// Throws for a constraint that the field cannot have. The property wrapper's types let few of these through.
    func check(on shape: ConfigShape, at path: String) throws(SchemaError) {
        for name in attributes.keys.sorted() {
            guard let types = Self.types[name], !types.contains(shape.kongType) else { continue }
            throw SchemaError(
                path: path,
                reason: "Kong has \(name) only for \(types.sorted().joined(separator: ", ")), and this is \(shape.phrase)")
        }
        for name in ["elements", "keys", "values"] {
            guard let constraints = nested[name] else { continue }
            let inner: ConfigShape
            switch (name, shape) {
            case ("elements", .array(let element)), ("elements", .set(let element)): inner = element
            case ("keys", .map(let keys, _)): inner = keys
            case ("values", .map(_, let values)): inner = values
            default:
                throw SchemaError(path: path, reason: "Kong has no \(name) in \(shape.phrase)")
            }
            try constraints.check(on: inner, at: path + Self.step(into: name))
        }
    }

    /// The types that an attribute works with, if not all (kong/db/schema/metaschema.lua, `attribute_types`; and the
    /// `validators` of kong/db/schema/init.lua, which fail on values of other types).
    private static let types: [String: Set<String>] = {
        let text: Set<String> = ["string"], numbers: Set<String> = ["integer", "number"]
        let lists: Set<String> = ["array", "set"]
        var types: [String: Set<String>] = [
            "between": numbers, "gt": numbers, "timestamp": numbers, "auto": numbers.union(text),
            "one_of": numbers.union(text), "unique": numbers.union(text), "contains": lists,
            "mutually_exclusive_subsets": lists,
        ]
        for name in [
            "match", "not_match", "match_all", "match_none", "match_any", "starts_with", "uuid", "is_regex", "referenceable",
        ] { types[name] = text }
        for name in ["len_eq", "len_min", "len_max"] { types[name] = lists.union(["string", "map"]) }
        return types
    }()
}

extension Value {
    /// The strings that it consists of.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.flatMap(\.texts)
        case .map(let entries): entries.values.flatMap(\.texts)
        default: []
        }
    }
}
