/// Lua's string patterns (Lua 5.1 reference manual, 5.4.1), as LuaJIT matches them: what `match`, `not_match` and their
/// like are written in.
struct LuaPattern {
    enum Failure: Error {
        /// `string.match` would raise an error, for this reason.
        case malformed(String)
        /// It takes too long, or more nesting than Lua allows, to tell.
        case tooComplex
    }

    private let pattern: [UInt8]

    init(_ pattern: LuaString) { self.pattern = pattern.bytes }

    /// Whether it is found anywhere in the text. `steps` is what the search may cost, and what is left of that after it.
    func isFound(in text: LuaString, steps: inout Int) throws(Failure) -> Bool {
        var search = Search(pattern: pattern, text: text.bytes, steps: steps)
        defer { steps = search.steps }
        let isAnchored = pattern.first == UInt8(ascii: "^")
        var start = 0
        repeat {
            search.captures.removeAll(keepingCapacity: true)
            if try search.match(start, isAnchored ? 1 : 0, depth: 0) != nil {
                if search.captures.contains(where: { $0.end == nil }) { throw .malformed(Search.openCapture) }
                return true
            }
            start += 1
        } while start <= text.bytes.count && !isAnchored
        return false
    }

    /// Why it is no pattern; nil if it is one. A malformed part is an error in Lua only once a text gets that far.
    var flaw: String? {
        var at = 0
        var open: [Int] = []
        var closed: Set<Int> = []
        var captureCount = 0
        while at < pattern.count {
            switch pattern[at] {
            case UInt8(ascii: "("):
                captureCount += 1
                if captureCount > Search.captureLimit { return "it has more than \(Search.captureLimit) captures" }
                if at + 1 < pattern.count, pattern[at + 1] == UInt8(ascii: ")") {
                    closed.insert(captureCount)
                    at += 1
                } else {
                    open.append(captureCount)
                }
                at += 1
            case UInt8(ascii: ")"):
                guard let last = open.popLast() else { return "it has a ) without (" }
                closed.insert(last)
                at += 1
            case UInt8(ascii: "%") where at + 1 < pattern.count && pattern[at + 1] == UInt8(ascii: "b"):
                guard at + 3 < pattern.count else { return "it lacks the two characters after %b" }
                at += 4
            case UInt8(ascii: "%") where at + 1 < pattern.count && pattern[at + 1] == UInt8(ascii: "f"):
                guard at + 2 < pattern.count, pattern[at + 2] == UInt8(ascii: "[") else { return "it lacks the [ after %f" }
                at += 2
            case UInt8(ascii: "%") where at + 1 < pattern.count && Search.isDigit(pattern[at + 1]):
                let number = Int(pattern[at + 1] - UInt8(ascii: "0"))
                guard closed.contains(number) else { return "it refers to capture %\(number), which is not there" }
                at += 2
            default:
                do {
                    at = try Search.endOfClass(pattern, at)
                } catch {
                    if case .malformed(let reason) = error { return reason }
                    return nil
                }
            }
        }
        return open.isEmpty ? nil : Search.openCapture
    }
}

/// One attempt, by backtracking.
private struct Search {
    static let captureLimit = 32
    static let openCapture = "it has a ( without )"
    /// LuaJIT's LJ_MAX_XLEVEL.
    private static let depthLimit = 200

    struct Capture {
        var start: Int
        /// Nil while it is open.
        var end: Int?
        /// `()`.
        var isPosition = false
    }

    let pattern: [UInt8]
    let text: [UInt8]
    var steps: Int
    var captures: [Capture] = []

    /// Where the match of the pattern from `at` on, which begins at `start`, ends.
    mutating func match(_ start: Int, _ at: Int, depth: Int) throws(LuaPattern.Failure) -> Int? {
        guard depth < Self.depthLimit else { throw .tooComplex }
        var start = start, at = at
        while true {
            steps -= 1
            guard steps > 0 else { throw .tooComplex }
            guard at < pattern.count else { return start }
            let next = at + 1 < pattern.count ? pattern[at + 1] : nil
            switch (pattern[at], next) {
            case (UInt8(ascii: "("), _):
                guard captures.count < Self.captureLimit else { throw .malformed("it has too many captures") }
                let isPosition = next == UInt8(ascii: ")")
                captures.append(Capture(start: start, end: isPosition ? start : nil, isPosition: isPosition))
                let count = captures.count
                if let end = try match(start, at + (isPosition ? 2 : 1), depth: depth + 1) { return end }
                captures.removeSubrange((count - 1)...)
                return nil
            case (UInt8(ascii: ")"), _):
                guard let index = captures.lastIndex(where: { $0.end == nil }) else { throw .malformed("it has a ) without (") }
                captures[index].end = start
                if let end = try match(start, at + 1, depth: depth + 1) { return end }
                captures[index].end = nil
                return nil
            case (UInt8(ascii: "%"), UInt8(ascii: "b")):
                guard let end = try matchBalance(start, at + 2) else { return nil }
                start = end
                at += 4
                continue
            case (UInt8(ascii: "%"), UInt8(ascii: "f")):
                at += 2
                guard at < pattern.count, pattern[at] == UInt8(ascii: "[") else { throw .malformed("it lacks the [ after %f") }
                let end = try Self.endOfClass(pattern, at)
                let before = start == 0 ? 0 : text[start - 1]
                let after = start < text.count ? text[start] : 0
                guard !matchesSet(before, at, end - 1), matchesSet(after, at, end - 1) else { return nil }
                at = end
                continue
            case (UInt8(ascii: "%"), let digit?) where Self.isDigit(digit):
                let index = Int(digit) - Int(UInt8(ascii: "1"))
                guard captures.indices.contains(index), let end = captures[index].end else {
                    throw .malformed("it refers to a capture that is not there")
                }
                // A position is no text.
                guard !captures[index].isPosition else { return nil }
                let captured = text[captures[index].start..<end]
                guard text[start...].starts(with: captured) else { return nil }
                start += captured.count
                at += 2
                continue
            case (UInt8(ascii: "$"), nil):
                return start == text.count ? start : nil
            default:
                break
            }

            let end = try Self.endOfClass(pattern, at)
            let isMatch = start < text.count && matchesOne(text[start], at, end)
            switch end < pattern.count ? pattern[end] : 0 {
            case UInt8(ascii: "?"):
                if isMatch, let result = try match(start + 1, end + 1, depth: depth + 1) { return result }
                at = end + 1
            case UInt8(ascii: "*"):
                return try matchMost(start, at, end, depth)
            case UInt8(ascii: "+"):
                return isMatch ? try matchMost(start + 1, at, end, depth) : nil
            case UInt8(ascii: "-"):
                while true {
                    if let result = try match(start, end + 1, depth: depth + 1) { return result }
                    guard start < text.count, matchesOne(text[start], at, end) else { return nil }
                    start += 1
                }
            default:
                guard isMatch else { return nil }
                start += 1
                at = end
            }
        }
    }

    private mutating func matchMost(_ start: Int, _ at: Int, _ end: Int, _ depth: Int) throws(LuaPattern.Failure) -> Int? {
        var count = 0
        while start + count < text.count, matchesOne(text[start + count], at, end) { count += 1 }
        steps -= count
        while count >= 0 {
            if let result = try match(start + count, end + 1, depth: depth + 1) { return result }
            count -= 1
        }
        return nil
    }

    private mutating func matchBalance(_ start: Int, _ at: Int) throws(LuaPattern.Failure) -> Int? {
        guard at + 1 < pattern.count else { throw .malformed("it lacks the two characters after %b") }
        guard start < text.count, text[start] == pattern[at] else { return nil }
        var level = 1
        for index in (start + 1)..<max(text.count, start + 1) {
            steps -= 1
            if text[index] == pattern[at + 1] {
                level -= 1
                if level == 0 { return index + 1 }
            } else if text[index] == pattern[at] {
                level += 1
            }
        }
        return nil
    }

    /// The index after the single character class at `at`.
    static func endOfClass(_ pattern: [UInt8], _ at: Int) throws(LuaPattern.Failure) -> Int {
        var end = at + 1
        switch pattern[at] {
        case UInt8(ascii: "%"):
            guard end < pattern.count else { throw .malformed("it ends with %") }
            return end + 1
        case UInt8(ascii: "["):
            if end < pattern.count, pattern[end] == UInt8(ascii: "^") { end += 1 }
            // The first ] after the [ is an ordinary character.
            repeat {
                guard end < pattern.count else { throw .malformed("it lacks a ]") }
                let character = pattern[end]
                end += 1
                if character == UInt8(ascii: "%") {
                    guard end < pattern.count else { throw .malformed("it lacks a ]") }
                    end += 1
                }
            } while end >= pattern.count || pattern[end] != UInt8(ascii: "]")
            return end + 1
        default:
            return end
        }
    }

    private func matchesOne(_ character: UInt8, _ at: Int, _ end: Int) -> Bool {
        switch pattern[at] {
        case UInt8(ascii: "."): true
        case UInt8(ascii: "%"): Self.isIn(character, class: pattern[at + 1])
        case UInt8(ascii: "["): matchesSet(character, at, end - 1)
        default: pattern[at] == character
        }
    }

    /// Whether the set from the `[` at `at` to the `]` at `end` has the character.
    private func matchesSet(_ character: UInt8, _ at: Int, _ end: Int) -> Bool {
        var at = at + 1
        var isIn = true
        if pattern[at] == UInt8(ascii: "^") {
            isIn = false
            at += 1
        }
        while at < end {
            if pattern[at] == UInt8(ascii: "%") {
                if Self.isIn(character, class: pattern[at + 1]) { return isIn }
                at += 2
            } else if at + 2 < end, pattern[at + 1] == UInt8(ascii: "-") {
                if pattern[at] <= character, character <= pattern[at + 2] { return isIn }
                at += 3
            } else {
                if pattern[at] == character { return isIn }
                at += 1
            }
        }
        return !isIn
    }

    private static func isIn(_ character: UInt8, class name: UInt8) -> Bool {
        let isLetter = isLower(character) || isUpper(character)
        let isControl = character < 0x20 || character == 0x7f
        let isGraphic = (0x21..<0x7f).contains(character)
        let isIn: Bool
        switch name | 0x20 {
        case UInt8(ascii: "a"): isIn = isLetter
        case UInt8(ascii: "c"): isIn = isControl
        case UInt8(ascii: "d"): isIn = isDigit(character)
        case UInt8(ascii: "g"): isIn = isGraphic
        case UInt8(ascii: "l"): isIn = isLower(character)
        case UInt8(ascii: "p"): isIn = isGraphic && !isLetter && !isDigit(character)
        case UInt8(ascii: "s"): isIn = character == 0x20 || (0x09...0x0d).contains(character)
        case UInt8(ascii: "u"): isIn = isUpper(character)
        case UInt8(ascii: "w"): isIn = isLetter || isDigit(character)
        case UInt8(ascii: "x"):
            isIn = isDigit(character) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(character | 0x20)
        case UInt8(ascii: "z"): isIn = character == 0
        default: return name == character
        }
        guard isLower(name) || isUpper(name) else { return name == character }
        return isLower(name) ? isIn : !isIn
    }

    static func isDigit(_ character: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) }
    private static func isLower(_ character: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character) }
    private static func isUpper(_ character: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(character) }
}
