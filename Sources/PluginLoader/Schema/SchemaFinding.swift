/// Something in a plugin's schema that Kong would refuse or stumble over.
public struct SchemaFinding: Hashable, Sendable, CustomStringConvertible {
    /// The field: `config.retry.codes[]`, where `[]` stands for the elements of an array or set, `{}` for the values of a
    /// map, and `{key}` for its keys.
    public let path: String
    /// What the schema has there.
    public let found: String
    /// What Kong takes there.
    public let wanted: String
    /// What to do, to be followed literally.
    public let fix: String
    /// The releases of Kong that refuse the schema for this. None: Kong takes it, and then it does not work.
    public let refusedBy: KongReleases

    /// Texts may come from plugins: they are made printable here.
    init(_ path: SchemaPath, found: String, wanted: String, fix: String, refusedBy: KongReleases = .all) {
        self.path = path.field.printable
        self.found = found.printable
        self.wanted = wanted.printable
        self.fix = fix.printable
        self.refusedBy = refusedBy
    }

    /// Whether no Kong takes the schema, or only some do, or it is taken but wrong.
    public var isError: Bool { refusedBy == .all }

    public var description: String {
        "\(path): \(found); Kong \(isError || refusedBy.isEmpty ? "" : "\(refusedBy) ")\(wanted); fix: \(fix)"
    }
}
