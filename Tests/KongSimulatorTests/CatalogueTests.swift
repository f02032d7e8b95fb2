import KongSimulator
import PDKCatalogue
import Testing

@Suite struct CatalogueTests {
    /// Whatever the catalogue has, the simulator performs: Kong's line about an unknown function is never written. And
    /// where the catalogue allows it, so does the simulator; the other way round the catalogue may be stricter.
    @Test(arguments: PDKCatalogue.all.map(\.name), SimulatedPhase.allCases)
    func everyMethodIsSimulatedWhereItIsAllowed(_ name: String, in phase: SimulatedPhase) throws {
        let method = try #require(PDKCatalogue.method(named: name).flatMap { PDKCatalogue[$0] })
        guard method.phases.contains(phase.set) else { return }
        var kong = SimulatedExchange(SimulatedRequest())
        kong.begin(phase)
        let outcome = kong.perform(method.id)
        #expect(!kong.log.contains { $0.text.hasPrefix("could not find pdk method") })
        guard case .raised(let text) = outcome else { return }
        #expect(!text.hasPrefix("function cannot be called") && !text.hasPrefix("API disabled"), "\(text)")
    }

    @Test func noMethodIsNone() {
        var kong = SimulatedExchange(SimulatedRequest())
        #expect(kong.perform(MethodID.none) == .error("no such method"))
    }
}

extension SimulatedPhase {
    fileprivate var set: PhaseSet {
        switch self {
        case .certificate: .certificate
        case .rewrite: .rewrite
        case .access: .access
        case .response: .response
        case .preread: .preread
        case .log: .log
        }
    }
}
