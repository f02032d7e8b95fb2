extension FieldConstraint where Content: Collection {
    /// The least length: of a string in bytes, of all else in items. Without it Kong takes an empty array, but no empty
    /// string.
    public static func lenMin(_ length: Int) -> Self { Self("len_min", .integer(Int64(length))) }
    /// The greatest length, counted as for `lenMin`.
    public static func lenMax(_ length: Int) -> Self { Self("len_max", .integer(Int64(length))) }
    /// The only length, counted as for `lenMin`.
    public static func lenEq(_ length: Int) -> Self { Self("len_eq", .integer(Int64(length))) }

    /// Kong Enterprise stores the value encrypted; Kong takes it and does nothing.
    public static var encrypted: Self { Self("encrypted", true) }
}

// MARK: - Of what is in them

extension FieldConstraint {
    /// Of each item.
    public static func elements<Element>(_ constraints: FieldConstraint<Element>...) -> Self
    where Content == [Element] {
        Self("elements", constraints.flatMap(\.parts))
    }

    /// Of each item.
    public static func elements<Element>(_ constraints: FieldConstraint<Element>...) -> Self
    where Content == Set<Element> {
        Self("elements", constraints.flatMap(\.parts))
    }

    /// Of each key.
    public static func keys<Key, Entry>(_ constraints: FieldConstraint<Key>...) -> Self where Content == [Key: Entry] {
        Self("keys", constraints.flatMap(\.parts))
    }

    /// Of each value.
    public static func values<Key, Entry>(_ constraints: FieldConstraint<Entry>...) -> Self
    where Content == [Key: Entry] {
        Self("values", constraints.flatMap(\.parts))
    }

    /// An item that must be among the others.
    public static func contains<Element>(_ element: Element) -> Self where Content == [Element] {
        Self("contains", encoding: element)
    }

    /// An item that must be among the others.
    public static func contains<Element>(_ element: Element) -> Self where Content == Set<Element> {
        Self("contains", encoding: element)
    }

    /// Groups of which only one may have items here.
    public static func mutuallyExclusiveSubsets(_ subsets: [String]...) -> Self where Content == [String] {
        Self("mutually_exclusive_subsets", encoding: subsets)
    }

    /// Groups of which only one may have items here.
    public static func mutuallyExclusiveSubsets(_ subsets: [String]...) -> Self where Content == Set<String> {
        Self("mutually_exclusive_subsets", encoding: subsets)
    }
}
