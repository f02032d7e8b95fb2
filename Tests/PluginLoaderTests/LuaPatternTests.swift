import Testing

@testable import PluginLoader

@Suite struct LuaPatternTests {
    private func isFound(_ pattern: String, _ text: String, steps: Int = 100_000) throws(LuaPattern.Failure) -> Bool {
        var steps = steps
        return try LuaPattern(LuaString(pattern)).isFound(in: LuaString(text), steps: &steps)
    }

    /// As LuaJIT's `string.match` has it.
    @Test(arguments: [
        ("", "", true), ("a", "xa", true), ("^a", "xa", false), ("a$", "xa", true), ("a$", "ax", false), ("$", "", true),
        ("a$b", "a$b", true), ("^%a+$", "abC", true), ("^%a+$", "ab1", false), ("%d%d", "a12", true), ("^[%w_]+$", "a_1", true),
        ("^[^%s]+$", "a b", false), ("[a-c]", "b", true), ("[a-]", "-", true), ("[]]", "]", true), ("[^]]", "]", false),
        ("a*b", "aaab", true), ("^a-b$", "aab", true), ("^a?b$", "aab", false), ("a+", "", false), ("(a)%1", "aa", true),
        ("(a)%1", "ab", false), ("()%1", "a", false), ("%b()", "x(a(b))", true), ("%b()", "((", false), ("%f[%w]%w+", "  x", true),
        ("%f[%z]", "x", true), ("%.", "a.b", true), ("%.", "ab", false), ("%z", "a\0", true), ("%A", "1", true), ("%A", "a", false),
        ("h.?t", "ht", true), ("^https?://", "http://x", true), ("%g", " ", false), ("%x+", "fF", true),
    ])
    func matchesAsLuaDoes(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try isFound(pattern, text) == isMatch)
        #expect(LuaPattern(LuaString(pattern)).flaw == nil)
    }

    @Test(arguments: ["%", "a%", "[a", "[%", "[", "[^", "(a", "a)", "%1", "(a%1)", "%bx", "%f", "%fa", "(", "()%2"])
    func flawIsFound(pattern: String) {
        #expect(LuaPattern(LuaString(pattern)).flaw != nil)
    }

    /// In Lua only a text that gets that far raises the error.
    @Test func flawCountsOnlyWhenItIsReached() throws {
        #expect(try !isFound("x%", "a"))
        #expect(throws: LuaPattern.Failure.self) { try isFound("x%", "x") }
        #expect(throws: LuaPattern.Failure.self) { try isFound("(x", "x") }
    }

    @Test func searchThatTakesTooLongIsGivenUp() {
        let text = String(repeating: "a", count: 200)
        #expect(throws: LuaPattern.Failure.self) { try isFound("a-a-a-a-a-a-a-a-a-b", text) }
        #expect(throws: LuaPattern.Failure.self) { try isFound(String(repeating: "a?", count: 1000), text) }
    }
}
