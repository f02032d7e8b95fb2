// Unsafe pointers: this is a host of the plugin ABI, for plugins that are linked into a test.

import CKongPlugin
import KongPDK
import PDKCatalogue
import Synchronization
import WireProtocol

/// The host of all plugins under test in a process, with one loop: each test's events run on it side by side.
///
/// What it refuses before Kong is asked is what the server refuses; what Kong would answer, the event's own test says.
// @unchecked Sendable: the table's memory is written in `init` only; `events` is used on the loop only.
final class TestHost: @unchecked Sendable {
    static let shared = TestHost()

    let loop = TestLoop()
    let driver: PluginDriver
    private var events: [kong_event: TestEvent] = [:]
    private var lastEvent: kong_event = 0

    /// - Parameter event: what becomes of the calls of this event. [loop]
    func begin(_ event: TestEvent) -> kong_event {
        lastEvent += 1
        events[lastEvent] = event
        return lastEvent
    }

    /// The handler has returned. [loop]
    func end(_ event: kong_event) { events[event] = nil }

    private init() {
        let memory = UnsafeMutablePointer<kong_host>.allocate(capacity: 1)
        driver = PluginDriver(host: UnsafePointer(Self.initialize(memory)))
    }

    // Never freed: plugins are told that a host stays.
    private static func initialize(_ memory: UnsafeMutablePointer<kong_host>) -> UnsafeMutablePointer<kong_host> {
        memory.initialize(
            to: kong_host(
                size: UInt32(MemoryLayout<kong_host>.size),
                abi_major: UInt16(KONG_ABI_MAJOR),
                abi_minor: UInt16(KONG_ABI_MINOR),
                version: kong_string(),
                loop_count: 1,
                reserved: 0,
                context: nil,
                find_method: { _, name in PDKCatalogue.method(named: name.text)?.rawValue ?? 0 },
                call: { _, event, method, arguments, count, completion, context, message in
                    TestHost.withEvent(event, message) { event in
                        guard count >= 0, count == 0 || arguments != nil else {
                            return CallRefusal(KONG_BAD_ARGUMENT, "the arguments are NULL")
                        }
                        return event.call(
                            MethodID(rawValue: method), UnsafeBufferPointer(start: count == 0 ? nil : arguments, count: count),
                            completion.map { TestCompletion(function: $0, context: context) })
                    }
                },
                flush: { _, event, completion, context in
                    guard let completion else { return kong_status(KONG_BAD_ARGUMENT) }
                    return TestHost.withEvent(event, nil) { $0.flush(TestCompletion(function: completion, context: context)) }
                },
                // Handlers are run by `PluginDriver`, and instances are made by the test.
                finish: { _, _, _, _ in kong_status(KONG_EVENT_OVER) },
                started: { _, _, _, _, _ in kong_status(KONG_EVENT_OVER) },
                stopped: { _, _ in kong_status(KONG_EVENT_OVER) },
                schedule: { _, loop, task, context in
                    guard loop == 0, let task else { return kong_status(KONG_BAD_ARGUMENT) }
                    let scheduled = ScheduledTask(run: task, context: context)
                    TestHost.shared.loop.schedule { scheduled.run(scheduled.context) }
                    return kong_status(KONG_OK)
                },
                current_loop: { _ in TestHost.shared.loop.isCurrent ? 0 : KONG_NO_LOOP },
                log: { _, level, text in TestHost.logHandler.withLock { $0?(text.text) } },
                // For plugins in C, which are not linked into tests in Swift.
                pdk: { _, _ in nil },
                define: { _, _, _ in nil }))
        return memory
    }

    /// Hears what plugins write to the server's own log. Tests of this module set it.
    static let logHandler = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Does something with an event, if there is one and this is its thread.
    private static func withEvent(
        _ handle: kong_event, _ message: UnsafeMutablePointer<kong_string>?, _ body: (TestEvent) -> CallRefusal?
    ) -> kong_status {
        guard shared.loop.isCurrent else { return kong_status(KONG_WRONG_THREAD) }
        guard let event = shared.events[handle] else { return refuse(CallRefusal(KONG_EVENT_OVER, "the event is over"), message) }
        return body(event).map { refuse($0, message) } ?? kong_status(KONG_OK)
    }

    /// A status with a reason, which is kept: a test's process makes few of them.
    private static func refuse(_ refusal: CallRefusal, _ message: UnsafeMutablePointer<kong_string>?) -> kong_status {
        let bytes = Array(refusal.reason.utf8)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        memory.copyMemory(from: bytes, byteCount: bytes.count)
        message?.pointee = kong_string(data: memory.assumingMemoryBound(to: CChar.self), size: bytes.count)
        return kong_status(refusal.status)
    }
}

/// A C function and its argument.
// @unchecked Sendable: the argument belongs to the function, which runs on one thread.
private struct ScheduledTask: @unchecked Sendable {
    let run: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let context: UnsafeMutableRawPointer?
}

/// What a plugin wants to have called with Kong's answer.
// @unchecked Sendable: the context belongs to the function; both stay on the loop.
struct TestCompletion: @unchecked Sendable {
    let function: kong_completion
    let context: UnsafeMutableRawPointer?

    func succeed(_ result: OwnedValue) {
        let arena = ValueArena()
        withUnsafePointer(to: result.value(in: arena)) { function(context, kong_status(KONG_OK), $0, kong_string()) }
        withExtendedLifetime(arena) {}
    }

    func fail(_ status: Int, _ message: String) {
        message.withKongString { function(context, kong_status(status), nil, $0) }
    }
}
