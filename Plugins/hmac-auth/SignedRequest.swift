import KongPDK

/// What a client can sign of its request.
struct SignedRequest {
    let headers: Headers
    private let method: String
    /// Path and query, as they came.
    private let target: [UInt8]
    private let version: HTTPVersion

    /// Kong gives no more.
    private static let headerLimit = 1000

    /// Asks for all of it at once, in one round trip.
    init(_ kong: Kong) async throws {
        async let headers = kong.request.headers(max: Self.headerLimit)
        async let method = kong.request.method()
        async let target = kong.request.pathWithQueryBytes()
        async let version = kong.request.httpVersion()
        self.headers = try await headers
        self.method = try await method.rawValue
        self.target = try await target
        self.version = try await version
        // Another value of a signed header could be among those that Kong has left out.
        guard self.headers.count < Self.headerLimit else { throw Rejection.unverifiable("too many headers") }
    }

    /// What is signed: a line for each name, in their order. The values of a header that came several times are joined; one that
    /// did not come is an empty one.
    func text(signing names: [String]) -> [UInt8] {
        Array(names.map(line).joined(separator: [UInt8(ascii: "\n")]))
    }

    private func line(_ name: String) -> [UInt8] {
        switch name {
        case "request-line": return Array("\(method) ".utf8) + target + Array(" \(version)".utf8)
        case "@request-target": return Array("\(name): \(method.lowercased()) ".utf8) + target
        default:
            let values = headers.bytes(name)
            guard !values.isEmpty else { return Array("\(name):".utf8) }
            return Array("\(name): ".utf8) + values.joined(separator: Array(", ".utf8))
        }
    }
}
