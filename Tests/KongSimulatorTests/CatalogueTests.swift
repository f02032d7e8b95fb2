import KongSimulator
import PDKCatalogue
import Testing

@Suite struct CatalogueTests {
    /// Whatever the catalogue has, the simulator performs: Kong's line about an unknown function is never written.
    @Test(arguments: PDKCatalogue.all.map(\.name), SimulatedPhase.allCases)
    func everyMethodIsSimulated(_ method: String, in phase: SimulatedPhase) {
        var kong = SimulatedExchange(SimulatedRequest())
        kong.begin(phase)
        kong.perform(method)
        #expect(!kong.log.contains { $0.text.hasPrefix("could not find pdk method") })
    }
}
