import WireProtocol

/// Queries, and forms, which are written as queries.
enum QueryString {
    /// `ngx.req.get_uri_args`. An argument without `=` is `true`; one that comes several times is an array; one without a
    /// name is left out.
    static func arguments(_ query: [UInt8], limit: Int) -> (arguments: OwnedValue, isTruncated: Bool) {
        let parts = query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        var pairs = PairTable()
        for part in parts where pairs.count < limit { pairs.add(part) }
        return (pairs.value, parts.count > limit)
    }

    /// `ngx.decode_args`, and `ngx.req.get_post_args`: the same, but parts without a name count as well.
    static func form(_ text: [UInt8], limit: Int) -> (arguments: OwnedValue, isTruncated: Bool) {
        let parts = text.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        var pairs = PairTable()
        for part in parts.prefix(limit) { pairs.add(part) }
        return (pairs.value, parts.count > limit)
    }

    /// Names and their values, as far as they have been read.
    private struct PairTable {
        private(set) var count = 0
        private var values: [[UInt8]: [OwnedValue]] = [:]

        mutating func add(_ part: ArraySlice<UInt8>) {
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let name = PercentEncoding.decode(part[..<(equals ?? part.endIndex)])
            guard !name.isEmpty else { return }
            count += 1
            let value = equals.map { OwnedValue.string(PercentEncoding.decode(part[($0 + 1)...])) } ?? true
            values[name, default: []].append(value)
        }

        var value: OwnedValue {
            .map(values.mapValues { $0.count == 1 ? $0[0] : .array($0) })
        }
    }

    /// A query from a table, sorted: each name's arguments are encoded by themselves, and the results sorted as strings.
    ///
    /// A `false`, or an empty array, leaves an empty part: `{a = false, b = "1"}` becomes `&b=1`.
    static func encode(_ table: OwnedValue) throws(Interruption) -> [UInt8] {
        guard let entries = table.entries else { throw .raised("arg keys must be strings") }
        var parts: [[UInt8]] = []
        for (name, value) in entries { parts.append(try encode(name, value)) }
        parts.sort { $0.lexicographicallyPrecedes($1) }
        return Array(parts.joined(separator: [UInt8(ascii: "&")]))
    }

    /// `ngx.encode_args` of one name.
    private static func encode(_ name: [UInt8], _ value: OwnedValue) throws(Interruption) -> [UInt8] {
        let values: [OwnedValue] =
            switch value {
            case .array(let items): items.filter { $0 != .null }
            case .map(let map): map.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
            default: [value]
            }
        let name = PercentEncoding.component.encode(name)
        var parts: [[UInt8]] = []
        for value in values {
            switch value {
            case .boolean(true): parts.append(name)
            case .boolean(false): continue
            default:
                guard let text = value.luaString else {
                    throw .raised("attempt to use \(value.luaType) as query arg value")
                }
                parts.append(name + [UInt8(ascii: "=")] + PercentEncoding.component.encode(text))
            }
        }
        return Array(parts.joined(separator: [UInt8(ascii: "&")]))
    }

    /// Takes every argument of that name out of a query.
    ///
    /// Kong writes the others anew with a URL library: a space as `+`, and an argument without a value as `name=`, so
    /// that it is no longer `true` but an empty string.
    static func removing(_ name: [UInt8], from query: [UInt8]) -> [UInt8] {
        let (ampersand, equals) = (UInt8(ascii: "&"), UInt8(ascii: "="))
        let pairs = query.split(separator: ampersand).map { part in
            let end = part.firstIndex(of: equals) ?? part.endIndex
            return (PercentEncoding.decode(part[..<end]), PercentEncoding.decode(part[end...].dropFirst()))
        }
        let rest = pairs.filter { $0.0 != name }.map { formEncoded($0.0) + [equals] + formEncoded($0.1) }
        return Array(rest.joined(separator: [ampersand]))
    }

    private static func formEncoded(_ text: [UInt8]) -> [UInt8] {
        let plain = Set("*-._".utf8)
        return text.flatMap { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: [byte]
            case UInt8(ascii: " "): [UInt8(ascii: "+")]
            default: plain.contains(byte) ? [byte] : PercentEncoding.escape(byte)
            }
        }
    }
}
