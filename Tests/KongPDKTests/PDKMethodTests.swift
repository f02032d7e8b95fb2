import PDKCatalogue
import Testing

@testable import KongPDK

@Suite struct PDKMethodTests {
    @Test func tablesCanBeIndexedByMethods() {
        #expect(KongPDK.PDKMethod.allCases.map(\.index) == Array(0..<KongPDK.PDKMethod.allCases.count))
    }

    @Test func theyAreTheCatalogues() {
        #expect(Set(KongPDK.PDKMethod.allCases.map(\.rawValue)) == Set(PDKCatalogue.all.map(\.name)))
        #expect(KongPDK.PDKMethod.allCases.count == PDKCatalogue.all.count)
    }

    @Test func phasesAreFoundFromTheConformances() {
        struct Config: PluginConfig {}
        struct Some: Plugin, LogPhase, RewritePhase {
            static let version = "1.0.0"
            static let priority = 1
            let config: Config
            func log(_ kong: Kong) async throws {}
            func rewrite(_ kong: Kong) async throws {}
        }
        #expect(PluginInstance.phases(of: Some.self) == [.rewrite, .log])
    }
}
