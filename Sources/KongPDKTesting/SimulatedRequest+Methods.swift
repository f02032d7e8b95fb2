import KongPDK
import KongSimulator

/// Requests, by their methods: `.get("/path?query")`.
extension SimulatedRequest {
    /// A request with `GET`.
    public static func get(_ target: String, headers: Headers = [:]) -> SimulatedRequest { request("GET", target, headers) }
    /// A request with `HEAD`.
    public static func head(_ target: String, headers: Headers = [:]) -> SimulatedRequest { request("HEAD", target, headers) }
    /// A request with `OPTIONS`.
    public static func options(_ target: String, headers: Headers = [:]) -> SimulatedRequest { request("OPTIONS", target, headers) }
    /// A request with `DELETE`.
    public static func delete(_ target: String, headers: Headers = [:]) -> SimulatedRequest { request("DELETE", target, headers) }

    /// A request with `POST`.
    public static func post(_ target: String, headers: Headers = [:], body: String = "") -> SimulatedRequest {
        request("POST", target, headers, Array(body.utf8))
    }
    /// A request with `PUT`.
    public static func put(_ target: String, headers: Headers = [:], body: String = "") -> SimulatedRequest {
        request("PUT", target, headers, Array(body.utf8))
    }
    /// A request with `PATCH`.
    public static func patch(_ target: String, headers: Headers = [:], body: String = "") -> SimulatedRequest {
        request("PATCH", target, headers, Array(body.utf8))
    }

    /// A request of any method, with any body.
    public static func request(
        _ method: String, _ target: String, _ headers: Headers = [:], _ body: [UInt8] = []
    ) -> SimulatedRequest {
        SimulatedRequest(
            method, target, headers: SimulatedHeaders(headers.map { .init($0.nameBytes, $0.valueBytes) }), body: .bytes(body))
    }
}
