import KongSimulator
import Testing

/// Headers of the answer that plugins set before the service has answered.
@Suite struct EarlyHeaderTests {
    private static let service = SimulatedService.answers(
        SimulatedResponse(headers: ["X-A": "service", "Content-Type": "text/plain", "X_B": "service"]))

    private func kong() -> SimulatedExchange {
        var kong = SimulatedExchange(SimulatedRequest(), service: Self.service)
        kong.begin(.access)
        for name in ["x-a", "content-type", "x-b", "x-c"] { kong.perform("kong.response.set_header", [.string(name), "plugin"]) }
        return kong
    }

    @Test func theClientGetsThemBeforeTheServices() {
        var kong = kong()
        kong.finish()
        #expect(kong.response.headers["x-a"] == ["plugin", "service"])
        #expect(kong.response.headers["x-b"] == ["plugin"] && kong.response.headers["x_b"] == ["service"])
        #expect(kong.response.headers["x-c"] == ["plugin"])
        #expect(kong.response.headers["content-type"] == ["text/plain; charset=UTF-8"])
    }

    @Test func aBufferedAnswerSetsItsOwnInTheirPlace() {
        var kong = kong()
        kong.begin(.response)
        #expect(kong.response.headers["x-a"] == ["service"] && kong.response.headers["x-b"] == ["service"])
        #expect(kong.response.headers["x-c"] == ["plugin"])
        #expect(kong.response.headers["content-type"] == ["text/plain"])
    }
}
