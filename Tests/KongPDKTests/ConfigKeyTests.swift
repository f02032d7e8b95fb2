import Testing

@testable import KongPDK

@Suite struct ConfigKeyTests {
    @Test(arguments: [
        ("attach", "attach"), ("rateLimit", "rate_limit"), ("rate_limit", "rate_limit"), ("URLPath", "url_path"),
        ("useHTTPS", "use_https"), ("maxHTTPAge", "max_http_age"), ("http2Port", "http2_port"),
        ("sha256Hash", "sha256_hash"),
        ("ipV4", "ip_v4"), ("X", "x"), ("max-age", "max-age"), ("Max-Age", "max-age"), ("_hidden", "_hidden"),
        ("_Hidden", "_hidden"), ("größeÄndern", "größe_ändern"), ("", ""), ("a.b", "a.b"), ("rate_Limit", "rate_limit"),
    ])
    func namesAreSnakeCase(_ key: String, _ name: String) {
        #expect(ConfigKey(stringValue: key).fieldName == name)
    }
}
