import CKongPlugin
import Foundation
import Testing

@testable import PluginLoader

/// The types that a plugin declares for its functions: the dynamic linker checks none.
@Suite struct DeclaredSignatureTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    /// The error of opening a plugin whose handlers and definition are as given.
    private func openingError(
        handlers: String = #"{KONG_ACCESS, 0, "i(pp)", (kong_function)handler}"#, open: String = #""p(pp)""#,
        size: String = "sizeof(kong_definition)", count: String = "1"
    ) throws -> LoadError? {
        var source = CSource()
        source.extra = """
            #include "kong_define.h"
            \(CSource.constructor(creating: directory.file("loaded")))
            static kong_status handler(const kong_pdk *kong, const void *config) { return KONG_OK; }
            static const kong_handler handlers[] = {\(handlers)};
            const kong_definition kong_plugin_definition = {
                \(size), 0, \(open), "1.0.0", 1, 0, NULL, 0, 0, handlers, \(count)};
            static void mark(void) { open("\(directory.file("opened"))", O_CREAT | O_WRONLY, 0600); }
            """
        source.open = "OPEN { mark(); \(CSource.describe) return &plugin; }"
        try source.build(to: path)
        do throws(LoadError) {
            let plugin = try check(path).open(host: Host.pointer)
            #expect(plugin.version == "1.2.3")
            return nil
        } catch {
            #expect(directory.has("loaded") && !directory.has("opened"), "a function of it was called")
            return error
        }
    }

    @Test func theContractsAreTaken() throws {
        let handlers = """
            {KONG_ACCESS, 0, "i(pp)", (kong_function)handler}, {KONG_ON_START, 0, "i(pp)", (kong_function)handler},
            {KONG_ON_STOP, 0, "v(p)", (kong_function)handler}
            """
        #expect(try openingError(handlers: handlers, count: "3") == nil)
    }

    @Test(arguments: [
        (#"{KONG_LOG, 0, "i(p)", (kong_function)handler}"#, "the handler of log", "i(p)", "i(pp)"),
        (#"{KONG_ON_STOP, 0, "i(pp)", (kong_function)handler}"#, "the handler of the stop", "i(pp)", "v(p)"),
        (#"{KONG_ACCESS, 0, NULL, (kong_function)handler}"#, "the handler of access", "NULL", "i(pp)"),
        (#"{KONG_ACCESS, 0, "\n", (kong_function)handler}"#, "the handler of access", "\\u{a}", "i(pp)"),
        (#"{17, 0, "i(pp)", (kong_function)handler}"#, "the handler of kind 17", "i(pp)", "no such handler"),
    ])
    func anotherSignatureOfAHandlerIsRefused(_ handler: String, _ name: String, _ declared: String, _ wanted: String) throws {
        let error = try #require(try openingError(handlers: handler))
        #expect(error.code == .badSignature)
        #expect(error.reason == "\(name) has not the signature of the contract")
        #expect(error.pluginSide == "declares \(declared)")
        #expect(error.hostSide == "would call \(wanted)")
    }

    @Test func anotherSignatureOfTheEntryIsRefused() throws {
        let error = try #require(try openingError(open: #""p(p)""#))
        #expect(error.code == .badSignature)
        #expect(error.reason == "kong_plugin_open has not the signature of the contract")
        #expect(error.pluginSide == "declares p(p)")
        #expect(error.hostSide == "would call p(pp)")
    }

    @Test(arguments: [("0", "1"), ("71", "1"), ("73", "1"), ("sizeof(kong_definition)", "65"), ("sizeof(kong_definition)", "(size_t)-1")])
    func aDefinitionThatCannotBeOneIsRefused(_ size: String, _ count: String) throws {
        #expect(try openingError(size: size, count: count)?.code == .badDescriptor)
    }

    @Test func aPluginOfTheFirstABIDeclaresNothing() throws {
        var source = CSource()
        source.stamp = CSource.stamp(major: 1, minor: 0, pdk: "")
        try source.build(to: path)
        #expect(try check(path).open(host: Host.pointer).version == "1.2.3")
    }
}
