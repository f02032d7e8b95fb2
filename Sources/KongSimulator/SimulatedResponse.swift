/// An answer: the service's to Kong, or Kong's to the client.
public struct SimulatedResponse: Hashable, Sendable {
    public var status: Int
    public var headers: SimulatedHeaders
    public var body: [UInt8]

    public init(status: Int = 200, headers: SimulatedHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public init(status: Int = 200, headers: SimulatedHeaders = [:], text: String) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }
}

/// What stands behind Kong.
public enum SimulatedService: Hashable, Sendable {
    case answers(SimulatedResponse)
    /// It answers 200 with the request's body and its `Content-Type`.
    case echoes
}
