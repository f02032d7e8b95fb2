/// Where records are sent: the parts of `http://host:port/path?query`.
struct Endpoint: Sendable {
    /// A name or an address, without brackets.
    let host: String
    let port: UInt16
    /// The host, and the port if one was given.
    let authority: String
    let target: String

    init(_ url: String) throws {
        func failure(_ reason: String) -> EndpointError { EndpointError(description: "the endpoint \"\(url)\" \(reason)") }
        let scheme = "http://"
        guard url.hasPrefix(scheme) else { throw failure("is not http://host:port/path, and nothing else is spoken here") }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let target = rest.dropFirst(authority.count)
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), !authority.contains("@"), !target.contains("#") else {
            throw failure("has a space, an @ or a # where none belongs")
        }
        // The colons of an IPv6 address are in brackets.
        let end = authority.first == "[" ? authority.lastIndex(of: "]").map(authority.index(after:)) : nil
        let colon = authority[(end ?? authority.startIndex)...].firstIndex(of: ":") ?? authority.endIndex
        let host = authority[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        guard !host.isEmpty else { throw failure("has no host") }
        if colon == authority.endIndex {
            port = 80
        } else {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
                throw failure("has no port between 1 and 65535")
            }
            port = number
        }
        self.host = String(host)
        self.authority = String(authority)
        self.target = target.first == "/" ? String(target) : "/\(target)"
    }
}

struct EndpointError: Error, CustomStringConvertible {
    let description: String
}
