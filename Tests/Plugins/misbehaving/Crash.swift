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

/// What the system gives the process is limited, so that the machine need not be.
private func exhaust() {
    var limit = rlimit(rlim_cur: 0, rlim_max: .max)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    var memory: [[UInt8]] = []
    while true { memory.append([UInt8](repeating: 1, count: 64 << 20)) }
}
