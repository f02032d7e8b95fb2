import Foundation
import TestSupport

/// What a header in C declares, without its comments and macros; as much of C as kong_plugin.h has.
struct CHeader {
    struct Structure {
        let name: String
        /// Their declarations, in order.
        let members: [String]

        /// It begins with its size, and so may grow.
        var isSized: Bool { members.first == "uint32_t size" }
        var memberNames: [String] { members.flatMap(CHeader.names) }
    }

    let structures: [Structure]
    let constants: [String]
    /// All that is neither a struct nor an enum.
    let others: [String]

    init(_ text: String) throws {
        let directory = try TemporaryDirectory()
        let own = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("#include") }
        try directory.write(own.joined(separator: "\n").utf8, to: "header.h")
        var (structures, constants, others): ([Structure], [String], [String]) = ([], [], [])
        for declaration in Self.parts(of: try run("cc", ["-E", "-P", directory.file("header.h")]), at: ";") {
            let body = declaration.firstMatch(of: /{(.*)}/)?.1
            if let body, declaration.hasPrefix("enum") {
                constants += Self.parts(of: body, at: ",").map { String($0.prefix { $0 != " " }) }
            } else if let body, let name = declaration.firstMatch(of: /^typedef struct ([a-z_]+)/)?.1 {
                structures.append(Structure(name: String(name), members: Self.parts(of: body, at: ";")))
            } else {
                others.append(declaration)
            }
        }
        (self.structures, self.constants, self.others) = (structures, constants, others)
    }

    /// What stands between separators that are in no parentheses or braces, each with single spaces.
    private static func parts(of text: some StringProtocol, at separator: Character) -> [String] {
        var (parts, part, depth): ([String], String, Int) = ([], "", 0)
        for character in text {
            switch character {
            case "(", "{": depth += 1
            case ")", "}": depth -= 1
            default: break
            }
            if character == separator, depth == 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        return parts.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
    }

    /// The names that one member's declaration brings: those of an anonymous union are the struct's own.
    private static func names(_ member: String) -> [String] {
        if member.hasPrefix("union {") { return parts(of: member.dropFirst(7).dropLast(), at: ";").flatMap(names) }
        let name = member.firstMatch(of: /\(\*([a-z_]+)\)/)?.1 ?? member.firstMatch(of: /([a-z_]+)(?:\[[0-9]+\])?$/)?.1
        return name.map { [String($0)] } ?? []
    }

    /// Where all of this is in memory with another version of the header: a line for each size, offset and value.
    func layout(in text: String) throws -> [String: String] {
        var program = """
            #include "kong_plugin.h"
            #include <stdio.h>
            #define SIZE(s) printf("sizeof %s=%zu\\n", #s, sizeof(s));
            #define MEMBER(s, m) printf("%s.%s=%zu, %zu bytes\\n", #s, #m, offsetof(s, m), sizeof(((s *)0)->m));
            #define VALUE(c) printf("%s=%lld\\n", #c, (long long)(c));
            int main(void) {

            """
        for structure in structures {
            program += "SIZE(\(structure.name))\n"
            for name in structure.memberNames { program += "MEMBER(\(structure.name), \(name))\n" }
        }
        for constant in constants + ["KONG_ABI_MAJOR", "KONG_STAMP_NOTE_TYPE", "KONG_NO_LOOP"] { program += "VALUE(\(constant))\n" }
        for text in ["KONG_PLUGIN_OPEN_SYMBOL", "KONG_STAMP_SYMBOL", "KONG_STAMP_SECTION", "KONG_STAMP_OWNER"] {
            program += "printf(\"%s=%s\\n\", \"\(text)\", \(text));\n"
        }
        program += "return 0; }\n"
        let directory = try TemporaryDirectory()
        try directory.write(text.utf8, to: "kong_plugin.h")
        try directory.write(program.utf8, to: "layout.c")
        let warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
        try run("cc", warnings + ["-I", directory.path, directory.file("layout.c"), "-o", directory.file("layout")])
        let lines = try run(directory.file("layout"), []).split(separator: "\n").map {
            $0.split(separator: "=", maxSplits: 1).map(String.init)
        }
        return Dictionary(lines.compactMap { $0.count == 2 ? ($0[0], $0[1]) : nil }) { first, _ in first }
    }
}
