import PDKCatalogue

/// A method of the catalogue as a function of kong_pdk.h: its parameters and results in C, from which come the header's
/// text, the signature for libffi, and how the arguments are read.
struct NativeMethod: Sendable {
    let method: PDKMethod
    let summary: String
    let parameters: [NativeParameter]
    let result: NativeResult?

    /// All of them, in the header's order.
    static let all: [NativeMethod] = list.compactMap { name, summary in
        PDKCatalogue.method(named: name).flatMap { PDKCatalogue[$0] }.map { NativeMethod($0, summary) }
    }

    private init(_ method: PDKMethod, _ summary: String) {
        self.method = method
        self.summary = summary
        parameters = method.parameters.enumerated().map { index, parameter in
            let repeats = method.isVariadic && index == method.parameters.count - 1
            return NativeParameter(parameter, repeats: repeats, range: method.range(of: parameter))
        }
        result = method.result.map { NativeResult($0, of: method) }
    }

    /// The member of `kong_pdk` that it is in, as "service_request".
    var group: String { method.name.split(separator: ".").dropFirst().dropLast().joined(separator: "_") }

    /// Its own name, as "set_header".
    var function: String { method.name.split(separator: ".").last.map(String.init) ?? "" }

    /// Result and arguments for libffi: a kong_status, and the kong_pdk first.
    var signature: String {
        "i(p\(parameters.map(\.kind.letters).joined())\(result?.letters ?? ""))"
    }
}

/// A parameter as C has it.
struct NativeParameter: Sendable {
    enum Kind: Sendable {
        /// `const char *`, ending with a NUL.
        case text
        /// `const void *` and a `size_t`.
        case bytes
        case integer
        case number
        case boolean
        /// `const kong_value *`; NULL is nil.
        case value
        /// `const kong_value *` and how many there are.
        case values
        /// `const kong_map *`.
        case map

        /// For `Signature`.
        var letters: String {
            switch self {
            case .text, .value, .map: "p"
            case .bytes, .values: "pz"
            case .integer: "l"
            case .number: "d"
            case .boolean: "b"
            }
        }

        /// How many C arguments it is.
        var count: Int { letters.utf8.count }
    }

    let name: String
    let kind: Kind
    let isOptional: Bool
    let range: ClosedRange<Int64>?

    fileprivate init(_ parameter: PDKMethod.Parameter, repeats: Bool, range: ClosedRange<Int64>?) {
        name = parameter.name
        self.range = range
        kind =
            switch parameter.type {
            case .string, .scalar, .headerValue: .text
            case .bytes, .body: .bytes
            case .integer: .integer
            case .number: .number
            case .boolean: .boolean
            case .multimap, .record, .captures: .map
            case .table: .value
            // Lines of a log are texts.
            case .any: !repeats ? .value : parameter.name == "message" ? .text : .values
            }
        // A line of a log has one text. Nil is a value like any other.
        isOptional = parameter.isOptional && !(repeats && parameter.name == "message")
    }
}

/// What a function gives through its last parameters.
enum NativeResult: Sendable {
    /// `kong_string *`; its `data` is NULL if there is none.
    case string(isOptional: Bool)
    /// The same, made of a body that may be in a file.
    case body
    case integer
    /// `int64_t *` and `bool *`.
    case optionalInteger
    case number
    /// `bool *`; nil is false.
    case boolean
    /// `kong_value *`; nil is KONG_NIL.
    case value
    /// `kong_map *`; its `entries` is NULL if there is none.
    case map(isOptional: Bool)
    /// `const kong_NAME **`; NULL if there is none.
    case structure(NativeStruct)

    fileprivate init(_ result: PDKMethod.Result, of method: PDKMethod) {
        self =
            switch result.type {
            case .string, .bytes, .scalar, .headerValue: .string(isOptional: result.isOptional)
            case .body: .body
            case .integer: result.isOptional ? .optionalInteger : .integer
            case .number: .number
            case .boolean: .boolean
            case .any, .table: .value
            case .multimap: .map(isOptional: result.isOptional)
            case .captures: .structure(.uriCaptures)
            case .record:
                method.output.flatMap { NativeStruct($0) }.map { .structure($0) } ?? .map(isOptional: result.isOptional)
            }
    }

    var letters: String {
        if case .optionalInteger = self { "pp" } else { "p" }
    }
}
