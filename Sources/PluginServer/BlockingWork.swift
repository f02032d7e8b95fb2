// Unsafe pointers: a thread's value, which C's library keeps; and texts that plugins are given.

import CFlightRecorder
import CKongPlugin
import Glibc

/// One call of a blocking plugin's `start`, `stop` or `handle`, on the thread of the pool that it has to itself.
// @unchecked Sendable: it passes from the loop to the thread; what both use at a time is behind locks, in subclasses.
class BlockingWork: @unchecked Sendable {
    let host: PluginHost
    /// The `kong_start`, `kong_stop` or `kong_event`.
    let handle: UInt64
    let context: LoopContext
    /// Whether the plugin has answered.
    private(set) var isAnswered = false
    private var message: [CChar] = []

    init(_ host: PluginHost, _ handle: UInt64, _ context: LoopContext) {
        self.host = host
        self.handle = handle
        self.context = context
    }

    /// The event, if this is one.
    var asEvent: BlockingEvent? { nil }

    /// Takes note of the plugin's answer. False: it is not the first.
    final func answer() -> Bool {
        if isAnswered { return false }
        isAnswered = true
        return true
    }

    /// A text that stays where it is until the next one.
    final func keep(_ text: String) -> kong_string {
        message = text.utf8.map { CChar(bitPattern: $0) }
        // An array's memory does not move while the array is not changed.
        return message.withUnsafeBufferPointer { kong_string(data: $0.baseAddress, size: $0.count) }
    }

    // MARK: Which thread

    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    /// Calls the plugin: what it calls on this thread meanwhile is part of this work.
    /// - Parameter mark: for the flight recorder, with what it is for.
    final func run(_ mark: flight_mark, for what: Int, _ body: () -> Void) {
        guard let key = Self.key else { return }
        pthread_setspecific(key, Unmanaged.passUnretained(self).toOpaque())
        if let slot = flight_current_slot() {
            let outer = flight_begin(slot, mark, UInt8(truncatingIfNeeded: what))
            body()
            flight_end(slot, outer)
        } else {
            body()
        }
        pthread_setspecific(key, nil)
    }

    /// The work of this thread, if it is for this plugin and this handle.
    static func current(_ host: PluginHost, _ handle: UInt64) -> BlockingWork? {
        guard let key, let pointer = pthread_getspecific(key) else { return nil }
        let work = Unmanaged<BlockingWork>.fromOpaque(pointer).takeUnretainedValue()
        return work.handle == handle && work.host === host ? work : nil
    }
}

extension LoadedPlugin {
    /// Starts an instance on a thread of the pool; `kong_host.started` is answered there.
    func startBlocking(
        _ number: UInt64, _ promise: StartPromise?, on context: LoopContext, withConfig: @escaping @Sendable ((UnsafePointer<kong_value>) -> Void) -> Void
    ) {
        let work = BlockingWork(host, number, context)
        _ = context.server.blockingPool.submit(isBounded: false) { [self] in
            var mark = host.mark
            mark.instance = promise?.seed.id ?? 0
            work.run(mark, for: FLIGHT_START) {
                withConfig { config in
                    promise.keep { descriptor.pointee.start?(descriptor, number, kong_loop(context.loop.index), config) }
                }
            }
            if work.answer() {
                context.finishStart(number, .failure(StartFailure(description: "the plugin has returned from start without an answer")))
            }
        }
    }

    /// The same for the end of an instance.
    func stopBlocking(_ number: UInt64, _ instance: UnsafeMutableRawPointer?, on context: LoopContext) {
        let work = BlockingWork(host, number, context)
        nonisolated(unsafe) let instance = instance
        _ = context.server.blockingPool.submit(isBounded: false) { [self] in
            work.run(host.mark, for: FLIGHT_STOP) {
                descriptor.pointee.stop?(descriptor, number, kong_loop(context.loop.index), instance)
            }
            if work.answer() { context.loop.schedule { _ = context.stopped(number) } }
        }
    }
}
