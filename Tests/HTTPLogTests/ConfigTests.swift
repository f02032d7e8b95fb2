import KongPDK
import Testing

@testable import PluginLoader
@testable import http_log

@Suite struct ConfigTests {
    /// What Kong lets through the plugin can start with, but for a port that is none.
    @Test(arguments: [
        ("http://logs", true), ("http://logs:8080", true), ("http://127.0.0.1:9880/kong?a=b@c", true), ("http://[::1]:80/", true),
        ("http://logs?x=http://y/", true), ("https://logs", false), ("http://", false), ("http:///x", false), ("logs:80", false),
        ("http://user:secret@logs/", false), ("http://logs/#x", false), ("http://logs/a b", false), ("http://logs\r\nx: y", false),
        ("http://logs/\u{0}", false), (" http://logs", false),
    ])
    func kongTakesOnlyEndpoints(url: String, isTaken: Bool) throws {
        let fields = try ConfigSchema(HTTPLog.Config.self).value["fields"]?.arrayValue ?? []
        let field = try #require(fields.compactMap { $0["http_endpoint"] }.first)
        let patterns = try #require(field["match_any"]?["patterns"]?.arrayValue).compactMap(\.stringValue)
        let isMatch = try patterns.contains { pattern in
            var steps = 100_000
            return try LuaPattern(LuaString(pattern)).isFound(in: LuaString(url), steps: &steps)
        }
        #expect(isMatch == isTaken)
        #expect((try? Endpoint(url)) != nil || !isTaken)
    }

    @Test func theFieldsAreNamedAsInKong() throws {
        let schema = try ConfigSchema(HTTPLog.Config.self)
        let config = try schema.decode([
            "http_endpoint": "http://logs/", "content_type": "text/plain", "timeout": 1, "keepalive": 2, "headers": ["a": "b"],
            "queue": [
                "max_batch_size": 3, "max_coalescing_delay": 4.5, "max_entries": 5, "max_bytes": 6, "max_retry_time": 7,
                "initial_retry_delay": 0.5, "max_retry_delay": 8, "shutdown_timeout": 9,
            ],
        ])
        #expect(config.contentType == "text/plain" && config.timeout == 1 && config.keepalive == 2 && config.headers == ["a": "b"])
        #expect(config.queue.maxBatchSize == 3 && config.queue.maxCoalescingDelay == 4.5 && config.queue.maxEntries == 5)
        #expect(config.queue.maxBytes == 6 && config.queue.maxRetryTime == 7 && config.queue.initialRetryDelay == 0.5)
        #expect(config.queue.maxRetryDelay == 8 && config.queue.shutdownTimeout == 9)
    }
}
