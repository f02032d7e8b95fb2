// Unsafe pointers: for what they are feared for.

import Glibc

/// Ends the process in one of the ways in which plugins do.
@inline(never)
func crash(_ how: String) {
    switch how {
    case "fatalError": fatalError("a mistake was made")
    case "out of bounds": use([1, 2, 3][zero() + 3])
    case "nil": use(nothing()!)
    case "null": UnsafeMutablePointer<Int>(bitPattern: zero() + 8)?.pointee = 1
    case "abort": abort()
    case "exit": exit(0)
    case "stack overflow": use(descend(1))
    case "endless loop": while zero() == 0 {}
    case "out of memory": exhaust()
    default: break
    }
}

// What the compiler must not see through.
@inline(never) @_optimize(none) private func zero() -> Int { 0 }
@inline(never) @_optimize(none) private func nothing() -> Int? { nil }
@inline(never) @_optimize(none) private func use(_ number: Int) {}

@inline(never) @_optimize(none)
private func descend(_ depth: Int) -> Int { depth == 0 ? 0 : descend(depth + 1) + 1 }

/// What the system gives the process is limited, if nobody has seen to that, so that the machine need not be. What is left
/// at the end is for the process's other threads.
private func exhaust() {
    let piece = 64 << 20
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    if limit.rlim_cur == .max {
        limit = rlimit(rlim_cur: rlim_t(addressSpace() + 3 * piece), rlim_max: .max)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    }
    // Not filled: that would take longer than a handler may.
    var memory: [[UInt8]] = []
    while true {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(piece)
        memory.append(bytes)
    }
}

/// What this process has of it, in bytes.
private func addressSpace() -> Int {
    guard let file = fopen("/proc/self/statm", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 100)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    return strtol(line, nil, 10) * sysconf(Int32(_SC_PAGESIZE))
}
