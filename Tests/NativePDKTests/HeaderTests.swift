import CKongPlugin
import Foundation
import PDKCatalogue
import Testing

@testable import NativePDK

/// kong_pdk.h, the committed one.
@Suite struct HeaderTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/CKongPlugin/include").standardized.path

    @Test func theCommittedHeaderIsTheGenerators() throws {
        let committed = try String(contentsOfFile: "\(Self.folder)/kong_pdk.h", encoding: .utf8)
        #expect(
            committed == HeaderGenerator.header,
            "swift-pluginserver generate-header > Sources/CKongPlugin/include/kong_pdk.h")
    }

    @Test func itHasEachMethodOfTheCatalogueOnce() {
        #expect(NativeMethod.all.map(\.method.name).sorted() == PDKCatalogue.all.map(\.name).sorted())
        #expect(NativeMethod.list.count == NativeMethod.all.count)
    }
}
