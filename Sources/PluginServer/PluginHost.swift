// Unsafe pointers: this is the host's side of the plugin ABI: what a plugin passes is taken in here.

import CFlightRecorder
import CKongPlugin
import EventLoop
import Logging
import NativePDK
import PDKCatalogue
import PluginLoader
import WireProtocol

/// The host, as one plugin sees it: the functions of `kong_host`. A plugin is never unloaded, so this is never freed.
// @unchecked Sendable: nothing changes after `init` but `table`'s memory, which only `init` writes.
final class PluginHost: @unchecked Sendable {
    private let name: String
    private let logger: Logger
    /// By loop; empty when plugins are opened only to be described.
    private let contexts: [LoopContext]
    let table: UnsafePointer<kong_host>
    /// In the flight recorder's table of plugins.
    let place: UInt16

    /// More arguments than this are a mistake.
    private static let argumentLimit = 1000

    init(name: String, contexts: [LoopContext], logger: Logger) {
        self.name = name
        self.contexts = contexts
        self.logger = logger
        place = contexts.isEmpty ? UInt16(FLIGHT_NO_PLUGIN) : name.withKongString { flight_add_plugin($0.data, $0.size) }
        let memory = UnsafeMutablePointer<kong_host>.allocate(capacity: 1)
        table = UnsafePointer(memory)
        memory.initialize(
            to: kong_host(
                size: UInt32(MemoryLayout<kong_host>.size),
                abi_major: UInt16(KONG_ABI_MAJOR),
                abi_minor: UInt16(KONG_ABI_MINOR),
                version: Self.version,
                loop_count: UInt32(max(1, contexts.count)),
                reserved: 0,
                context: nil,
                find_method: { _, name in
                    PDKCatalogue.method(named: name.text)?.rawValue ?? 0
                },
                call: { host, event, method, arguments, count, completion, context, message in
                    // size_t is a signed number here.
                    guard count == 0 || (count > 0 && count <= PluginHost.argumentLimit && arguments != nil) else {
                        return PluginHost.fail(KONG_BAD_ARGUMENT, "the arguments are NULL, or too many", message)
                    }
                    let borrowed = UnsafeBufferPointer(start: count == 0 ? nil : arguments, count: count)
                    return PluginHost.withEvent(host, event, message) { event in
                        event.call(
                            MethodID(rawValue: method), borrowed, completion.map { Completion($0, context) })
                    } blocking: { event in
                        event.call(
                            MethodID(rawValue: method), borrowed, completion.map { Completion($0, context) })
                    }
                },
                flush: { host, event, completion, context in
                    guard let completion else { return kong_status(KONG_BAD_ARGUMENT) }
                    return PluginHost.withEvent(host, event, nil) {
                        $0.flush(Completion(completion, context))
                    } blocking: {
                        $0.flush(Completion(completion, context))
                    }
                },
                finish: { host, event, status, message in
                    let result = PluginHost.withEvent(host, event, nil) {
                        $0.finish(status, message)
                    } blocking: {
                        $0.finish(status, message.text)
                    }
                    if result == kong_status(KONG_EVENT_OVER) {
                        PluginHost.of(host)?.complain("finished event \(event), which is over")
                    }
                    return result
                },
                started: { host, start, status, message, instance in
                    guard let plugin = PluginHost.of(host), let context = plugin.context(of: start) else {
                        return kong_status(KONG_EVENT_OVER)
                    }
                    let result: Result<UnsafeMutableRawPointer?, StartFailure> =
                        status == kong_status(KONG_OK)
                        ? .success(instance) : .failure(StartFailure(description: message.text))
                    if let work = BlockingWork.current(plugin, start) {
                        guard work.answer() else {
                            plugin.complain("answered start \(start), which is over")
                            return kong_status(KONG_EVENT_OVER)
                        }
                        context.finishStart(start, result)
                        return kong_status(KONG_OK)
                    }
                    guard context.loop.isCurrent else { return kong_status(KONG_WRONG_THREAD) }
                    guard let pending = context.starts[start], pending.plugin.host === plugin else {
                        plugin.complain("answered start \(start), which is over")
                        return kong_status(KONG_EVENT_OVER)
                    }
                    context.starts[start] = nil
                    pending.finish(result)
                    return kong_status(KONG_OK)
                },
                stopped: { host, stop in
                    guard let plugin = PluginHost.of(host), let context = plugin.context(of: stop) else {
                        return kong_status(KONG_EVENT_OVER)
                    }
                    if let work = BlockingWork.current(plugin, stop) {
                        guard work.answer() else { return kong_status(KONG_EVENT_OVER) }
                        context.loop.schedule { _ = context.stopped(stop) }
                        return kong_status(KONG_OK)
                    }
                    guard context.loop.isCurrent else { return kong_status(KONG_WRONG_THREAD) }
                    return kong_status(context.stopped(stop) ? KONG_OK : KONG_EVENT_OVER)
                },
                schedule: { host, loop, task, context in
                    guard let plugin = PluginHost.of(host), let task, Int(loop) < plugin.contexts.count else {
                        return kong_status(KONG_BAD_ARGUMENT)
                    }
                    let accepted = plugin.contexts[Int(loop)].schedule(task, context, of: plugin)
                    return kong_status(accepted ? KONG_OK : KONG_FAILED)
                },
                current_loop: { _ in
                    EventLoop.current.map { kong_loop($0.index) } ?? KONG_NO_LOOP
                },
                log: { host, level, text in
                    guard let plugin = PluginHost.of(host) else { return }
                    plugin.logger.log(level: PluginHost.level(level), "\(plugin.name): \(text.text.printable)")
                },
                pdk: { host, event in
                    guard let plugin = PluginHost.of(host), let context = plugin.context(of: event) else { return nil }
                    if context.loop.isCurrent {
                        guard let event = context.events[EventID(rawValue: event)], event.belongs(to: plugin.table),
                            !event.isInOtherHands
                        else { return nil }
                        return event.typedFunctions(of: plugin)
                    }
                    return BlockingWork.current(plugin, event)?.asEvent?.typedFunctions()
                },
                define: { host, definition, error in
                    guard let host else { return nil }
                    return NativePDK.define(host, definition, error)
                }))
        memory.pointee.context = Unmanaged.passRetained(self).toOpaque()
    }

    // nonisolated(unsafe): the text is never written again, and never freed.
    private nonisolated(unsafe) static let version: kong_string = {
        let text = Array("swift-pluginserver \(serverVersion)".utf8)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: text.count, alignment: 1)
        memory.copyMemory(from: text, byteCount: text.count)
        return kong_string(data: memory.assumingMemoryBound(to: CChar.self), size: text.count)
    }()

    /// For the flight recorder: the plugin, and nothing of what it does.
    var mark: flight_mark {
        var mark = flight_no_mark()
        mark.plugin = place
        return mark
    }

    private static func of(_ host: UnsafePointer<kong_host>?) -> PluginHost? {
        guard let context = host?.pointee.context else { return nil }
        return Unmanaged<PluginHost>.fromOpaque(context).takeUnretainedValue()
    }

    /// The context of the loop that a handle names.
    private func context(of handle: UInt64) -> LoopContext? {
        let loop = EventID(rawValue: handle).loop
        return loop < contexts.count ? contexts[loop] : nil
    }

    /// Does something with an event, if it is the plugin's and this is its thread.
    @inline(__always)
    private static func withEvent(
        _ host: UnsafePointer<kong_host>?, _ handle: kong_event, _ message: UnsafeMutablePointer<kong_string>?,
        _ body: (Event) -> CallOutcome, blocking: (BlockingEvent) -> CallOutcome
    ) -> kong_status {
        guard let host else { return fail(KONG_EVENT_OVER, "there is no such event", message) }
        let id = EventID(rawValue: handle)
        // References that count nothing: the loop has the context, the table has the event, and nobody else runs here.
        guard let here = LoopContext.current, here._withUnsafeGuaranteedRef({ $0.index == id.loop }) else {
            return withEventElsewhere(host, handle, message, blocking)
        }
        return here._withUnsafeGuaranteedRef { context in
            guard let found = context.events.find(id) else { return fail(KONG_EVENT_OVER, "the event is over", message) }
            return found._withUnsafeGuaranteedRef { event in
                guard event.belongs(to: host) else { return fail(KONG_EVENT_OVER, "the event is over", message) }
                if event.isInOtherHands {
                    return fail(KONG_WRONG_THREAD, "the event is in the hands of another thread", message)
                }
                switch body(event) {
                case .accepted: return kong_status(KONG_OK)
                case .refused(let status, let reason):
                    message?.pointee = context.keep(reason)
                    return kong_status(status)
                }
            }
        }
    }

    /// The same on a thread that is not the event's loop's: a blocking plugin's.
    @inline(never)
    private static func withEventElsewhere(
        _ host: UnsafePointer<kong_host>, _ handle: kong_event, _ message: UnsafeMutablePointer<kong_string>?,
        _ body: (BlockingEvent) -> CallOutcome
    ) -> kong_status {
        guard let plugin = of(host), plugin.context(of: handle) != nil else {
            return fail(KONG_EVENT_OVER, "there is no such event", message)
        }
        guard let work = BlockingWork.current(plugin, handle)?.asEvent else {
            return fail(KONG_WRONG_THREAD, "this is not the thread of the event", message)
        }
        switch body(work) {
        case .accepted: return kong_status(KONG_OK)
        case .refused(let status, let reason):
            message?.pointee = work.keep(reason)
            return kong_status(status)
        }
    }

    /// A status with a reason that never changes.
    private static func fail(
        _ status: Int, _ reason: StaticString, _ message: UnsafeMutablePointer<kong_string>?
    ) -> kong_status {
        message?.pointee = reason.withUTF8Buffer { utf8 in
            kong_string(
                data: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), size: utf8.count)
        }
        return kong_status(status)
    }

    private func complain(_ text: String) {
        logger.error("\(name) \(text)")
    }

    private static func level(_ level: kong_log_level) -> Logger.Level {
        switch Int(level) {
        case KONG_LOG_ERROR: .error
        case KONG_LOG_WARNING: .warning
        case KONG_LOG_NOTICE: .notice
        case KONG_LOG_INFO: .info
        default: .debug
        }
    }
}
