// Unsafe pointers: bytes are lent to the kernel.

import FoundationEssentials
import Glibc
import PluginLoader
import Synchronization

/// What a child says to its parent: JSON, one object to a line, each written when it is known. So what was said stands,
/// whatever then becomes of the child.
struct DrillLine: Codable {
    /// What is about to be done.
    var doing: String?
    /// A rule that is broken, and what was seen.
    var rule: Rule.ID?
    var found: String?
    /// A rule that there was something to see of.
    var examined: Rule.ID?
    /// Why there was nothing to do.
    var skipped: String?
    var descriptor: String?
    /// Written by the handler of a signal: see guarded_memory.h.
    var fault: String?
    var what: String?
    /// Nothing comes after it: true if all was done, and false if there was no going on.
    var isWhole: Bool?
}

/// The child's end.
// @unchecked Sendable: `noted` is behind a lock; the rest never changes.
final class DrillReport: @unchecked Sendable {
    private struct Noted {
        var examined: Set<Rule.ID> = []
        var broken: [Rule.ID: Set<String>] = [:]
    }

    /// The rule that is broken by whatever has none of its own.
    private let rule: Rule.ID
    private let descriptor: CInt
    private let noted = Mutex(Noted())

    /// More about one rule would tell nobody anything.
    private static let limit = 3

    init(for rule: Rule.ID, to descriptor: CInt) {
        self.rule = rule
        self.descriptor = descriptor
    }

    func doing(_ text: String) { write(DrillLine(doing: text)) }

    func broken(_ found: String) { broken(rule, found) }

    /// - Parameter rule: nil: the one that is examined.
    func broken(_ rule: Rule.ID?, _ found: String) {
        let rule = rule ?? self.rule
        let isNew = noted.withLock { noted in
            noted.broken[rule, default: []].count < Self.limit && noted.broken[rule, default: []].insert(found).inserted
        }
        if isNew { write(DrillLine(rule: rule, found: found)) }
    }

    func examined() { examined(rule) }

    func examined(_ rule: Rule.ID) {
        if noted.withLock({ $0.examined.insert(rule).inserted }) { write(DrillLine(examined: rule)) }
    }

    func skipped(_ reason: String) { write(DrillLine(skipped: reason)) }

    func opened(_ descriptor: String) { write(DrillLine(descriptor: descriptor)) }

    func end(isWhole: Bool) { write(DrillLine(isWhole: isWhole)) }

    private func write(_ line: DrillLine) {
        // Texts, names and numbers: there is nothing in it that JSON cannot carry.
        guard let json = try? JSONEncoder().encode(line) else { return }
        var rest = ([UInt8](json) + [UInt8(ascii: "\n")])[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

/// What things are called in the notes of guarded memory.
enum LentName {
    static let host = "kong_host"
    static let config = "the configuration"
}
