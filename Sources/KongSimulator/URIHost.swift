/// Hosts as nginx takes them from a `Host` header.
enum URIHost {
    /// In lower case and without port; nil if nginx refuses it (ngx_http_validate_host).
    static func normalized(_ host: [UInt8]) -> [UInt8]? {
        var end = host.count
        var dot = host.count
        var (isLiteral, hasEnded) = (false, false)
        for (index, byte) in host.enumerated() {
            switch byte {
            case UInt8(ascii: "."):
                if dot == index - 1 { return nil }
                dot = index
            case UInt8(ascii: ":") where !isLiteral && !hasEnded:
                (end, hasEnded) = (index, true)
            case UInt8(ascii: "[") where index == 0: isLiteral = true
            case UInt8(ascii: "]") where isLiteral: (end, isLiteral, hasEnded) = (index + 1, false, true)
            case 0, UInt8(ascii: "/"): return nil
            default: break
            }
        }
        if dot == end - 1 { end -= 1 }
        return end > 0 ? Array(host[..<end]).lowercasedASCII : nil
    }
}
