/// What Kong's own plugins take from kong/db/schema/typedefs.lua. Where Kong has a function of Lua there, these have patterns,
/// which let more through: they keep typing errors out, and the plugin must be ready for the rest.
extension FieldConstraint where Content == String {
    /// A name, an IPv4 or an IPv6 address, without a port.
    public static var host: Self {
        matchAny(#"^[%w_][%w%.%-_]*$"#, ipv6, bracketed, err: "expected a host name or an IP address, without a port")
    }

    /// An IPv4 or an IPv6 address.
    public static var ip: Self {
        matchAny(#"^%d%d?%d?%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$"#, ipv6, err: "expected an IP address")
    }

    /// With a scheme and a host: `https://example.com/path`.
    public static var url: Self {
        matchAll(.pattern(#"^%a[%w%+%-%.]*://[^%s/%?#]+[^%s]*$"#, err: "expected a URL with a scheme and a host"))
    }

    /// The path of a URL: it starts with a slash, has no empty segments, and is encoded.
    public static var path: Self {
        FieldConstraint(
            startsWith("/").parts
                + matchNone(
                    .pattern("//", err: "must not have empty segments"),
                    .pattern(#"%%%X"#, err: "has a % that encodes nothing"),
                    .pattern(#"%%%x%X"#, err: "has a % that encodes nothing"),
                    .pattern(#"%%%x?$"#, err: "has a % that encodes nothing"),
                    .pattern(#"[^%w%.%-_~/%%:@!%$&'%(%)%*%+,;=]"#, err: "has a character that a path must encode")
                ).parts)
    }

    /// Capital letters.
    public static var httpMethod: Self { match("^%u+$") }

    /// Letters, digits, `-` and `_`.
    public static var headerName: Self {
        matchAll(.pattern("^[%w%-_]+$", err: "expected the name of a header: letters, digits, - and _"))
    }

    private static var ipv6: String { #"^%x*:%x*:[%x:%.]*$"# }
    private static var bracketed: String { #"^%[%x*:%x*:[%x:%.]*%]$"# }
}

extension FieldConstraint where Content: FixedWidthInteger {
    /// 0 to 65535.
    public static var port: Self { Self("between", [0, 65535]) }

    /// In milliseconds, 0 to 2^31 - 2: what nginx can wait.
    public static var timeout: Self { Self("between", [0, 2_147_483_646]) }
}
