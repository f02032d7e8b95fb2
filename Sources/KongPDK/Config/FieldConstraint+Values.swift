// MARK: - Of numbers

extension FieldConstraint where Content: Numeric & Comparable {
    /// The lowest and the highest number. Before Kong 3.4 both must be whole.
    public static func between(_ range: ClosedRange<Content>) -> Self {
        Self("between", encoding: [range.lowerBound, range.upperBound])
    }

    /// A number that the value must be greater than.
    public static func gt(_ limit: Content) -> Self { Self("gt", encoding: limit) }

    /// A time, which is all numbers above 0.
    public static var timestamp: Self { Self("timestamp", true) }

    /// A time that Kong sets: only for the properties `createdAt` and `updatedAt`, in seconds if these are integers,
    /// with milliseconds if they are `Double`.
    public static var auto: Self { Self("auto", true) }

    /// Kong's schema language has it, but Kong heeds it only for its own entities: two configurations may well have the
    /// same value.
    public static var unique: Self { Self("unique", true) }

    /// The only value that Kong takes; null is another, so that an optional property cannot have it.
    public static func eq(_ value: Content) -> Self { Self("eq", encoding: value) }
    /// A value that Kong refuses.
    public static func ne(_ value: Content) -> Self { Self("ne", encoding: value) }
    /// The values that Kong takes.
    public static func oneOf(_ values: Content...) -> Self { Self("one_of", encoding: values) }
    /// Values that Kong refuses.
    public static func notOneOf(_ values: Content...) -> Self { Self("not_one_of", encoding: values) }
}

// MARK: - Of values one by one

extension FieldConstraint where Content == Bool {
    /// The only value that Kong takes: `@Field(.required, .eq(true)) var acceptTerms = false`.
    public static func eq(_ value: Bool) -> Self { Self("eq", encoding: value) }
}

extension FieldConstraint where Content == String {
    /// The only value that Kong takes; null is another, so that an optional property cannot have it.
    public static func eq(_ value: String) -> Self { Self("eq", encoding: value) }
    /// A string that Kong refuses.
    public static func ne(_ value: String) -> Self { Self("ne", encoding: value) }
    /// The strings that Kong takes. An enum says the same, and the plugin's `switch` knows it.
    public static func oneOf(_ values: String...) -> Self { Self("one_of", encoding: values) }
    /// Strings that Kong refuses.
    public static func notOneOf(_ values: String...) -> Self { Self("not_one_of", encoding: values) }

    /// Kong's schema language has it, but Kong heeds it only for its own entities: two configurations may well have the
    /// same value.
    public static var unique: Self { Self("unique", true) }
}

extension FieldConstraint where Content: CaseIterable & RawRepresentable {
    /// The only value that Kong takes; null is another, so that an optional property cannot have it.
    public static func eq(_ value: Content) -> Self { Self("eq", encoding: value) }
    /// A case that Kong refuses.
    public static func ne(_ value: Content) -> Self { Self("ne", encoding: value) }
    /// The cases that Kong takes here, where they are not all.
    public static func oneOf(_ values: Content...) -> Self { Self("one_of", encoding: values) }
    /// Cases that Kong refuses.
    public static func notOneOf(_ values: Content...) -> Self { Self("not_one_of", encoding: values) }
}
