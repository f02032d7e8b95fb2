import Testing

@testable import PluginLoader

@Suite struct PluginNameTests {
    @Test(arguments: [
        ("goplug.so", "goplug"), ("libgoplug.so", "goplug"), ("my-plugin_2.0.so", "my-plugin_2.0"), ("lib.so", "lib"),
        ("library.so", "rary"), ("liblibrary.so", "library"), ("_x.so", "_x"),
    ])
    func fileHoldsPlugin(fileName: String, name: String) {
        #expect(PluginName(fileName: fileName)?.description == name)
    }

    @Test(arguments: [
        "goplug", "goplug.so.1", ".so", ".hidden.so", "lib-x.so", "a b.so", "a\nb.so", "a/b.so", "é.so", "a,b.so",
        String(repeating: "x", count: 129) + ".so",
    ])
    func nameIsRefused(fileName: String) {
        #expect(PluginName(fileName: fileName) == nil)
    }

    @Test func longestNameIsTaken() {
        #expect(PluginName(String(repeating: "x", count: 128)) != nil)
        #expect(PluginName("") == nil)
    }
}
