// Unsafe pointers: the host's table is made here.

import CGuardedMemory
import CKongPlugin

extension ConformanceHost {
    /// `sizeof(kong_host)` in ABI 1.0, which ended before `pdk`.
    static let firstSize = MemoryLayout<kong_host>.offset(of: \.pdk) ?? MemoryLayout<kong_host>.size

    /// The functions of `kong_host`. For a host of ABI 1.0 they end where memory ends.
    static func makeTable(_ kind: Kind, loopCount: Int) -> UnsafePointer<kong_host> {
        var table = kong_host(
            size: UInt32(MemoryLayout<kong_host>.size),
            abi_major: UInt16(KONG_ABI_MAJOR),
            abi_minor: UInt16(KONG_ABI_MINOR),
            version: version,
            loop_count: UInt32(loopCount),
            reserved: 0,
            context: nil,
            find_method: { host, name in ConformanceHost.of(host)?.findMethod(name) ?? 0 },
            call: { host, event, method, arguments, count, completion, context, message in
                ConformanceHost.of(host)?.call(event, method, arguments, count, completion, context, message) ?? ConformanceHost.noHost
            },
            flush: { host, event, completion, context in ConformanceHost.of(host)?.flush(event, completion, context) ?? ConformanceHost.noHost },
            finish: { host, event, status, message in ConformanceHost.of(host)?.finish(event, status, message) ?? ConformanceHost.noHost },
            started: { host, start, status, message, instance in
                ConformanceHost.of(host)?.started(start, status, message, instance) ?? ConformanceHost.noHost
            },
            stopped: { host, stop in ConformanceHost.of(host)?.stopped(stop) ?? ConformanceHost.noHost },
            schedule: { host, loop, task, context in ConformanceHost.of(host)?.schedule(loop, task, context) ?? ConformanceHost.noHost },
            current_loop: { host in ConformanceHost.of(host)?.currentLoop ?? KONG_NO_LOOP },
            log: { host, _, text in ConformanceHost.of(host)?.log(text) },
            pdk: { host, event in ConformanceHost.of(host)?.typedFunctions(event) },
            define: { host, definition, error in ConformanceHost.of(host)?.define(definition, error) })
        let size = kind == .first ? firstSize : MemoryLayout<kong_host>.size
        if kind == .first {
            table.size = UInt32(size)
            table.abi_minor = 0
        }
        // Sealed when its context is in it.
        let memory =
            kind == .first
            ? guarded_memory_lend(size, LentName.host) ?? .allocate(byteCount: size, alignment: 8)
            : .allocate(byteCount: size, alignment: 8)
        withUnsafeBytes(of: &table) { bytes in
            UnsafeMutableRawBufferPointer(start: memory, count: size).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(size)))
        }
        return UnsafePointer(memory.assumingMemoryBound(to: kong_host.self))
    }

    private static var noHost: kong_status { kong_status(KONG_FAILED) }

    // nonisolated(unsafe): the text is never written again, and never freed.
    private nonisolated(unsafe) static let version: kong_string = {
        let text = Array("swift-pluginserver conformance".utf8)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: text.count, alignment: 1)
        memory.copyMemory(from: text, byteCount: text.count)
        return kong_string(data: memory.assumingMemoryBound(to: CChar.self), size: text.count)
    }()
}
