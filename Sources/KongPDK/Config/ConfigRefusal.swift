/// What a type said when its `init(from:)` or `encode(to:)` threw.
struct ConfigRefusal: Error {
    let message: String
    /// Where inside the value, as `.count`.
    let subpath: String

    init(message: String) {
        self.message = message
        subpath = ""
    }

    init(_ error: any Error) {
        switch error {
        case let refusal as ConfigRefusal:
            self = refusal
        case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
            DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            message = context.debugDescription
            subpath = Self.subpath(context.codingPath)
        case EncodingError.invalidValue(_, let context):
            message = context.debugDescription
            subpath = Self.subpath(context.codingPath)
        default:
            message = "\(error)"
            subpath = ""
        }
    }

    private static func subpath(_ codingPath: [any CodingKey]) -> String {
        codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.fieldName)" }.joined()
    }
}
