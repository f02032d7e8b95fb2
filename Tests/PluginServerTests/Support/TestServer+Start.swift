import KongClient
import Testing
import WireProtocol

extension TestServer {
    /// A plugin's `init(config:)` throws something: Kong hears of it at once over MessagePack, and with the first event over
    /// ProtoBuf:1.
    func expectNoStart(
        _ wireProtocol: WireProtocolKind, _ plugin: String, _ config: String, in phase: String, saying text: String
    ) throws {
        let kong = kong(wireProtocol)
        switch wireProtocol {
        case .messagePack:
            let error = #expect(throws: KongClientError.self) { try kong.startInstance(plugin, config: config) }
            #expect(error.map { "\($0)" }?.contains(text) == true, "\(String(describing: error))")
        case .protoBuf:
            let calls = try kong.handleEvent(try kong.startInstance(plugin, config: config), phase, answering: exiting)
            let lines = calls.filter { $0.method == "kong.log.err" }.compactMap { $0.arguments.first?.text }
            #expect(lines.contains { $0.contains(text) }, "\(calls)")
            try waitForLog(text)
        }
    }
}
