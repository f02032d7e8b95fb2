// Unsafe pointers: the page is memory that another process may be writing to.

import CFlightRecorder
import Glibc

/// What the threads of one process are running, in memory that outlives it: `CFlightRecorder`'s page.
///
/// Who makes it can read it whatever becomes of the process that writes: nothing that is found there is trusted.
// @unchecked Sendable: the page is never moved and lives as long as this does; its readers copy, and each slot has one writer.
public final class FlightRecorder: @unchecked Sendable {
    /// For those who write to it, in C.
    public let page: OpaquePointer
    /// To be inherited by the process that it is about, closed on exec; nil: the page is private to this process.
    public let descriptor: Int32?
    public let loopCount: Int
    /// Loops come first, then threads for blocking plugins.
    public let slotCount: Int

    /// - Parameter isShared: whether another process writes to it.
    public init(loops: Int, blockingThreads: Int, isShared: Bool) throws(FlightRecorderError) {
        var descriptor: Int32 = -1
        loopCount = loops
        slotCount = min(loops + blockingThreads, Int(FLIGHT_MOST_SLOTS))
        let made =
            isShared
            ? flight_page_create(UInt32(loopCount), UInt32(slotCount), &descriptor)
            : flight_page_create(UInt32(loopCount), UInt32(slotCount), nil)
        guard let made else { throw FlightRecorderError(errno) }
        page = made
        self.descriptor = isShared ? descriptor : nil
    }

    /// Takes over a descriptor that this process has inherited.
    public init(inherited descriptor: Int32) throws(FlightRecorderError) {
        guard let mapped = flight_page_map(descriptor) else { throw FlightRecorderError(errno) }
        close(descriptor)
        page = mapped
        self.descriptor = nil
        loopCount = Int(flight_loop_count(mapped))
        slotCount = Int(flight_slot_count(mapped))
    }

    deinit {
        flight_page_unmap(page, UInt32(slotCount))
        if let descriptor { close(descriptor) }
    }

    // MARK: Reading

    /// What is running in a slot, as far as that can be said while it changes.
    public func activity(inSlot slot: Int) -> Activity? {
        slot < slotCount ? Activity(copy(of: slot).mark, in: self) : nil
    }

    /// Changes whenever the activity does.
    func sequence(ofSlot slot: Int) -> UInt64 { copy(of: slot).sequence }

    func copy(of slot: Int) -> flight_slot {
        var copy = flight_slot()
        flight_copy_slot(page, UInt32(slot), &copy)
        return copy
    }

    /// Events that have taken longer than `--event-timeout`.
    public var timedOutEvents: UInt64 {
        (0..<loopCount).reduce(0) { $0 &+ copy(of: $1).timed_out }
    }

    /// A plugin's name by its place in the page; nil: there is no such plugin.
    func pluginName(_ place: UInt16) -> String? {
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(FLIGHT_NAME_SIZE)) { name in
            guard let start = name.baseAddress else { return "" }
            flight_copy_plugin_name(page, place, start)
            return String(cString: start)
        }
        return name.isEmpty ? nil : name
    }

    /// The file that was mapped at an address, and where in it the address is.
    func module(at address: UInt64) -> (path: String, offset: UInt64)? {
        var module = flight_module()
        guard flight_copy_module(page, address, &module) != 0 else { return nil }
        let path = withUnsafeBytes(of: &module.path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return (path, address &- module.base)
    }

    /// How the process ended, if it could tell.
    public var crash: CrashReport? {
        var crash = flight_crash()
        return flight_copy_crash(page, &crash) != 0 ? CrashReport(crash, in: self) : nil
    }

    // MARK: Ending a process

    /// Ends the process by the thread of a slot, as a crash of what runs there. Nothing happens if nothing does any more.
    /// - Returns: false: there is no such thread.
    public func end(process: pid_t, bySlot slot: Int, heldFor held: Duration) -> Bool {
        guard slot < slotCount else { return false }
        return flight_end_holder(page, UInt32(slot), process, UInt32(clamping: held.milliseconds)) == 0
    }
}

/// Why there is no flight recorder: an error of the system.
public struct FlightRecorderError: Error, CustomStringConvertible {
    public let description: String

    init(_ number: Int32) {
        description = "the flight recorder's memory cannot be had: \(String(cString: strerror(number)))"
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// As "1.2 s".
    public var inSeconds: String { "\(milliseconds / 1000).\(milliseconds / 100 % 10) s" }
}
