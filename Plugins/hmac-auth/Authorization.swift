import FoundationEssentials
import KongPDK

/// What a client says about its signature:
///
///     Authorization: hmac username="ada", algorithm="hmac-sha256", headers="date request-line", signature="…"
struct Authorization {
    let username: String
    let algorithm: HMACAlgorithm
    /// The names of what is signed, in the order and in the case in which it is.
    let headers: [String]
    let signature: Data

    /// More than anybody signs, and few enough to look for.
    private static let headerLimit = 100

    /// The first of the two headers that holds one, and its name; nil if the request has neither.
    static func find(in headers: Headers) throws(Rejection) -> (header: String, Authorization)? {
        var isThere = false
        for name in ["proxy-authorization", "authorization"] {
            guard let bytes = headers.bytes(name).first else { continue }
            isThere = true
            if let authorization = Authorization(bytes) { return (name, authorization) }
        }
        if isThere { throw .unverifiable("no authorization header is what it should be") }
        return nil
    }

    /// Nil if anything is missing, there twice, or not what it should be.
    init?(_ bytes: [UInt8]) {
        guard let fields = String(validating: bytes, as: UTF8.self).flatMap(Self.fields),
            let username = fields["username"], let algorithm = fields["algorithm"].flatMap(HMACAlgorithm.init),
            let headers = fields["headers"]?.split(separator: " ").map(String.init),
            (1...Self.headerLimit).contains(headers.count),
            let signature = fields["signature"].flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        self.username = username
        self.algorithm = algorithm
        self.headers = headers
        self.signature = signature
    }

    /// Whether a header is among those that are signed.
    func signs(_ name: String) -> Bool {
        headers.contains { $0.lowercased() == name.lowercased() }
    }

    /// `hmac name="value", …`
    private static func fields(of text: String) -> [String: String]? {
        var rest = Substring(text)[...].utf8
        rest.skipSpaces()
        guard rest.take("hmac ") else { return nil }
        var fields: [String: String] = [:]
        repeat {
            rest.skipSpaces()
            guard let name = rest.take(upTo: "="), rest.take("\""), let value = rest.take(upTo: "\""),
                fields.updateValue(value, forKey: name) == nil
            else { return nil }
            rest.skipSpaces()
        } while rest.take(",")
        return rest.isEmpty ? fields : nil
    }
}

extension Substring.UTF8View {
    fileprivate mutating func skipSpaces() { self = drop { $0 == UInt8(ascii: " ") } }

    /// Takes a text that is next, in letters of either case.
    fileprivate mutating func take(_ text: String) -> Bool {
        guard Substring(prefix(text.utf8.count)).lowercased() == text else { return false }
        removeFirst(text.utf8.count)
        return true
    }

    /// Takes all that is before a character, and the character.
    fileprivate mutating func take(upTo end: Unicode.Scalar) -> String? {
        guard let place = firstIndex(of: UInt8(ascii: end)) else { return nil }
        defer { self = self[index(after: place)...] }
        return String(Substring(self[..<place]))
    }
}
