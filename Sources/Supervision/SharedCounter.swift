// Unsafe pointers: a counter in memory that processes share.

import CSupervision
import EventLoop
import Glibc

/// Where the ids of instances come from, in all workers of a server: no two ever give out the same one.
// @unchecked Sendable: the memory lives as long as this, and only an atomic addition touches it.
public final class SharedCounter: @unchecked Sendable {
    /// Of the memory; a child that gets it can count too.
    let memory: OwnedDescriptor
    private let counter: UnsafeMutablePointer<UInt32>

    private static let size = MemoryLayout<UInt32>.size

    /// Begins anywhere, so that an id that Kong has kept from an earlier server means nothing here.
    convenience init() throws(SystemError) {
        let made = supervision_make_memory(Self.size)
        guard made >= 0 else { throw SystemError("memfd_create") }
        defer { close(made) }
        // Above the numbers that a worker's descriptors take.
        let memory = fcntl(made, F_DUPFD_CLOEXEC, 10)
        guard memory >= 0 else { throw SystemError("fcntl") }
        try self.init(sharing: OwnedDescriptor(owning: memory))
        counter.pointee = .random(in: 0...UInt32(Int32.max))
    }

    /// A counter that another process has made.
    public init(sharing memory: consuming OwnedDescriptor) throws(SystemError) {
        counter = try Self.map(memory.number)
        self.memory = memory
    }

    private static func map(_ memory: Int32) throws(SystemError) -> UnsafeMutablePointer<UInt32> {
        guard let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0), address != MAP_FAILED else {
            throw SystemError("mmap")
        }
        return address.bindMemory(to: UInt32.self, capacity: 1)
    }

    deinit {
        munmap(counter, Self.size)
    }

    /// 1 … 2^31 - 1. [any]
    public func next() -> Int32 { supervision_next_number(counter) }
}
