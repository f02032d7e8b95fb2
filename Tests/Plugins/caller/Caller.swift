import KongPDK

/// Calls the method that its configuration names, with the arguments that it finds in `kong.ctx.shared`, and leaves there
/// what came of it: "result", or "error" with the error's code and text.
struct Caller: Plugin, CertificatePhase, RewritePhase, AccessPhase, ResponsePhase, PrereadPhase, LogPhase {
    static let version = "1.0.0"
    static let priority = 1

    struct Config: PluginConfig {
        /// Kong's name of a method; " bytes" after it: the function that returns bytes.
        var method = ""
        /// By the typed function, or with values as they are.
        var typed = false
    }
    let config: Config

    func certificate(_ kong: Kong) async throws { try await call(kong) }
    func rewrite(_ kong: Kong) async throws { try await call(kong) }
    func access(_ kong: Kong) async throws { try await call(kong) }
    func response(_ kong: Kong) async throws { try await call(kong) }
    func preread(_ kong: Kong) async throws { try await call(kong) }
    func log(_ kong: Kong) async throws { try await call(kong) }

    private func call(_ kong: Kong) async throws {
        let arguments = try await kong.ctx.shared.get("arguments").arrayValue ?? []
        do {
            let result = try await config.typed ? typedResult(kong, arguments) : rawResult(kong, arguments)
            try kong.ctx.shared.set("result", result)
        } catch let error as PDKError {
            try kong.ctx.shared.set("error", .string("\(error.code): \(error)"))
        } catch let error as BadCall {
            try kong.ctx.shared.set("error", .string("\(error)"))
        }
    }

    private func typedResult(_ kong: Kong, _ arguments: [Value]) async throws -> Value {
        guard let function = TypedCalls.all[config.method] else { throw BadCall("no function for \(config.method)") }
        return try await function(kong, Arguments(arguments))
    }

    private func rawResult(_ kong: Kong, _ arguments: [Value]) async throws -> Value {
        guard let method = PDKMethod(rawValue: config.method) else { throw BadCall("no method \(config.method)") }
        if Self.withoutResult.contains(config.method) {
            try kong.queue(method, arguments)
            return .nil
        }
        return try await kong.ask(method, arguments)
    }

    /// Kong never answers to them.
    private static let withoutResult: Set<String> = ["kong.response.exit", "kong.response.error"]
}

/// The test asks for something that this plugin does not know.
struct BadCall: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The arguments of a call, by place.
struct Arguments: Sendable {
    private let values: [Value]

    init(_ values: [Value]) { self.values = values }

    var count: Int { values.count }
    var all: [Value] { values }

    subscript(index: Int) -> Value { index < values.count ? values[index] : .nil }

    func text(_ index: Int) throws -> String {
        guard let text = self[index].stringValue else { throw BadCall("argument \(index) is no text") }
        return text
    }

    func bytes(_ index: Int) throws -> [UInt8] {
        guard let bytes = self[index].bytesValue else { throw BadCall("argument \(index) is no string") }
        return bytes
    }

    func integer(_ index: Int) throws -> Int {
        guard let integer = self[index].integerValue else { throw BadCall("argument \(index) is no integer") }
        return Int(integer)
    }

    func boolean(_ index: Int) throws -> Bool {
        guard let boolean = self[index].booleanValue else { throw BadCall("argument \(index) is no boolean") }
        return boolean
    }

    func map(_ index: Int) throws -> [String: Value] {
        guard let map = self[index].mapValue else { throw BadCall("argument \(index) is no map") }
        return map
    }

    func headers(_ index: Int) throws -> Headers {
        var headers = Headers()
        for (name, value) in try map(index).sorted(by: { $0.key < $1.key }) {
            for value in value.arrayValue ?? [value] { headers.add(name, value.bytesValue ?? []) }
        }
        return headers
    }

    func query(_ index: Int) throws -> Query {
        var query = Query()
        for (name, value) in try map(index).sorted(by: { $0.key < $1.key }) {
            for value in value.arrayValue ?? [value] { query.add(Array(name.utf8), value.bytesValue) }
        }
        return query
    }
}

/// A typed function for each of Kong's methods.
enum TypedCalls {
    typealias Call = @Sendable (Kong, Arguments) async throws -> Value

    static let all = client.merging(node) { $1 }.merging(request) { $1 }.merging(response) { $1 }.merging(service) { $1 }
}

@section("kong_plugins") @used let entry: PluginEntry = { Caller.open($0, $1) }
