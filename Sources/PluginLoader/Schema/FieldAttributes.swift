/// The attributes that Kong knows (kong/db/schema/metaschema.lua).
enum FieldAttributes {
    private static let numeric: Set<FieldType> = [.integer, .number]
    private static let measurable: Set<FieldType> = [.array, .set, .string, .map]

    /// What says something about a value, and so can stand in a condition too (`validators`, `attribute_types`).
    private static let validators: [Attribute] = [
        Attribute("between", .array(.number, count: .two), on: numeric),
        Attribute("eq", .any),
        Attribute("ne", .any),
        Attribute("gt", .number, worksOn: numeric),
        Attribute("len_eq", .integer, on: measurable),
        Attribute("len_min", .integer, worksOn: measurable),
        Attribute("len_max", .integer, worksOn: measurable),
        Attribute("match", .text, on: [.string]),
        Attribute("not_match", .text, worksOn: [.string]),
        Attribute("match_all", .array(.record(patternAndError)), worksOn: [.string]),
        Attribute("match_none", .array(.record(patternAndError)), worksOn: [.string]),
        Attribute(
            "match_any", .record([Attribute("patterns", .strings, required: true), Attribute("err", .text)]),
            nilable: true, worksOn: [.string]),
        Attribute("starts_with", .text, worksOn: [.string, .number, .integer]),
        Attribute("one_of", .array(.any), on: [.string, .number, .integer]),
        Attribute("not_one_of", .array(.any)),
        Attribute("contains", .any, on: [.array, .set]),
        Attribute("is_regex", .boolean, on: [.string]),
        Attribute("timestamp", .boolean, on: numeric),
        Attribute("uuid", .boolean, on: [.string]),
        Attribute("custom_validator", .function),
        Attribute("mutually_exclusive_subsets", .array(.strings), worksOn: [.array, .set]),
    ]

    private static let patternAndError = [Attribute("pattern", .text, required: true), Attribute("err", .text)]

    private static let nested: [Attribute] = [
        Attribute("elements", .field), Attribute("keys", .field), Attribute("values", .field),
    ]

    /// Those of a field's definition (`field_schema`).
    static let ofField =
        [
            Attribute("type", .type, required: true),
            Attribute("required", .boolean),
            Attribute("reference", .text),
            Attribute("description", .textOfLength(10...500), in: .since(.v3_4)),
            Attribute("examples", .array(.any), in: .since(.v3_6)),
            Attribute("auto", .boolean),
            Attribute("unique", .boolean, on: [.string, .number, .integer, .foreign]),
            Attribute("unique_across_ws", .boolean, on: [.string, .number, .integer, .foreign]),
            Attribute("on_delete", .oneOf(["restrict", "cascade", "null"])),
            Attribute("default", .default),
            Attribute("abstract", .boolean, on: [.string, .number, .integer, .record, .array, .set, .map]),
            Attribute("generate_admin_api", .boolean),
            Attribute("legacy", .boolean, on: [.string], in: .before(.v3_0)),
            Attribute("immutable", .boolean),
            Attribute("err", .text),
            Attribute("encrypted", .boolean, in: .since(.v2_7)),
            Attribute("referenceable", .boolean, in: .since(.v2_8)),
            Attribute("json_schema", .jsonSchema, on: [.json], in: .since(.v3_5)),
            Attribute("transient", .boolean, on: [.string, .number, .integer, .array, .set, .boolean], in: .since(.v3_8)),
            Attribute("deprecation", .record(deprecation), nilable: true, in: .since(.v3_7)),
            Attribute("fields", .fields),
            Attribute("entity_checks", .entityChecks),
            Attribute("shorthand_fields", .functions),
            Attribute("shorthands", .functions, in: .before(.v3_0)),
        ] + validators + nested

    /// Those of a condition in an entity check (`conditional_validators`).
    private static let ofCondition = [Attribute("required", .boolean)] + nested + validators

    private static let deprecation = [
        Attribute("message", .text, required: true),
        Attribute("removal_in_version", .text, required: true),
        Attribute("old_default", .any),
        Attribute(
            "replaced_with",
            .array(
                .record([
                    Attribute("path", .array(.text, count: .atLeastOne), required: true),
                    Attribute("reverse_mapping_function", .function),
                ])), in: .since(.v3_8)),
    ]

    /// The checks of several fields of a record (`entity_checkers`).
    static let entityChecks = [
        Attribute("at_least_one_of", .strings),
        Attribute(
            "conditional_at_least_one_of",
            .record([
                Attribute("if_field", .text), Attribute("if_match", .record(ofCondition)),
                Attribute("then_at_least_one_of", .strings), Attribute("then_err", .text),
                Attribute("else_match", .record(ofCondition)), Attribute("else_then_at_least_one_of", .strings),
                Attribute("else_then_err", .text),
            ])),
        Attribute("only_one_of", .strings),
        Attribute("distinct", .strings),
        Attribute(
            "conditional",
            .record([
                Attribute("if_field", .text), Attribute("if_match", .record(ofCondition)), Attribute("then_field", .text),
                Attribute("then_match", .record(ofCondition)), Attribute("then_err", .text),
            ])),
        Attribute(
            "custom_entity_check",
            .record([
                Attribute("field_sources", .strings), Attribute("fn", .function),
                Attribute("run_with_missing_fields", .boolean, in: .since(.v3_2)),
                Attribute("run_with_invalid_fields", .boolean, in: .since(.v3_4)),
            ])),
        Attribute("mutually_required", .strings),
        Attribute("mutually_exclusive", .strings, in: .since(.v2_6)),
        Attribute("mutually_exclusive_sets", .record([Attribute("set1", .strings), Attribute("set2", .strings)])),
    ]

    /// Of `json_schema` (`json_metaschema`).
    static let ofJSONSchema = [
        Attribute("namespace", .oneOf(["proxy-wasm-filters"])),
        Attribute("parent_subschema_key", .text),
        Attribute("optional", .boolean),
        Attribute("inline", .jsonSchemaDocument),
        Attribute("default", .jsonSchemaDocument),
    ]
}
