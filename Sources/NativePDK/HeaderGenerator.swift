import PDKCatalogue

/// Writes kong_pdk.h from the catalogue.
public enum HeaderGenerator {
    /// The whole header.
    public static var header: String {
        var text = top
        for structure in NativeStruct.all { text += "\n\(declaration(of: structure))" }
        text += groupsHeading
        for (group, methods) in groups {
            text += "\n/* \(title(of: group, methods)) */\ntypedef struct kong_pdk_\(group) {\n"
            text += "    uint32_t size; /* of this struct, in the host's version of this header */\n"
            for method in methods { text += "\n\(declaration(of: method))" }
            text += "} kong_pdk_\(group);\n"
        }
        return text + object + bottom
    }

    /// The methods of each group, both in the order of their first appearance.
    static let groups: [(name: String, methods: [NativeMethod])] = {
        var groups: [(name: String, methods: [NativeMethod])] = []
        for method in NativeMethod.all {
            if let index = groups.firstIndex(where: { $0.name == method.group }) {
                groups[index].methods.append(method)
            } else {
                groups.append((method.group, [method]))
            }
        }
        return groups
    }()

    static func title(of group: String, _ methods: [NativeMethod]) -> String {
        guard let name = methods.first?.method.name else { return group }
        return String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
    }

    // MARK: Functions

    private static func declaration(of method: NativeMethod) -> String {
        var parameters = ["const kong_pdk *kong"]
        for parameter in method.parameters {
            switch parameter.kind {
            case .text: parameters.append("const char *\(parameter.name)")
            case .bytes: parameters += ["const void *\(parameter.name)", "size_t \(parameter.name)_size"]
            case .integer: parameters.append("int64_t \(parameter.name)")
            case .number: parameters.append("double \(parameter.name)")
            case .boolean: parameters.append("bool \(parameter.name)")
            case .value: parameters.append("const kong_value *\(parameter.name)")
            case .values: parameters += ["const kong_value *\(parameter.name)s", "size_t count"]
            case .map: parameters.append("const kong_map *\(parameter.name)")
            }
        }
        switch method.result {
        case .string, .body: parameters.append("kong_string *result")
        case .integer: parameters.append("int64_t *result")
        case .optionalInteger: parameters += ["int64_t *result", "bool *is_there"]
        case .number: parameters.append("double *result")
        case .boolean: parameters.append("bool *result")
        case .value: parameters.append("kong_value *result")
        case .map: parameters.append("kong_map *result")
        case .structure(let structure): parameters.append("const \(structure.name) **result")
        case nil: break
        }
        return comment(of: method) + wrapped("kong_status (*\(method.function))(", parameters, ");")
    }

    private static func comment(of method: NativeMethod) -> String {
        var lines = ["\(method.method.name), since Kong \(method.method.since). \(phases(of: method.method))"]
        if method.method.input == nil { lines[0] += ", over MessagePack only" }
        lines[0] += "."
        lines.append(method.summary)
        let limits = method.parameters.compactMap { parameter in
            parameter.range.map { range in
                range.upperBound == .max
                    ? "\(parameter.name) at least \(range.lowerBound)"
                    : "\(parameter.name) \(range.lowerBound) … \(range.upperBound)"
            }
        }
        if !limits.isEmpty { lines.append("Takes \(limits.joined(separator: ", ")).") }
        let optional = method.parameters.filter(\.isOptional).compactMap { parameter -> String? in
            switch parameter.kind {
            case .text, .map, .bytes: "\(parameter.name) NULL"
            case .integer: "\(parameter.name) KONG_DEFAULT"
            case .number, .boolean, .value, .values: nil
            }
        }
        if !optional.isEmpty { lines.append("May be left out: \(optional.joined(separator: ", ")).") }
        if let missing = missing(method) { lines.append("If there is none: \(missing).") }
        return commented(lines)
    }

    private static func phases(of method: PDKMethod) -> String {
        method.phases == .all ? "All phases" : method.phases.isEmpty ? "No phase" : "Phases: \(method.phases)"
    }

    private static func missing(_ method: NativeMethod) -> String? {
        switch method.result {
        case .string(isOptional: true): "data is NULL"
        case .optionalInteger: "is_there is false"
        case .boolean: method.method.result?.isOptional == true ? "false" : nil
        case .value: "KONG_NIL"
        case .map(isOptional: true): "entries is NULL"
        case .structure: method.method.result?.isOptional == true ? "NULL" : nil
        case .string, .body, .integer, .number, .map, nil: nil
        }
    }

    // MARK: Structs

    private static func declaration(of structure: NativeStruct) -> String {
        var text = "typedef struct \(structure.name) {\n"
        text += "    uint32_t size; /* of this struct, in the host's version of this header */\n"
        text += "    kong_map fields; /* all that Kong sent */\n"
        for member in structure.members {
            switch member.kind {
            case .string: text += "    kong_string \(member.name);\n"
            case .strings: text += "    kong_strings \(member.name);\n"
            case .integer: text += "    int64_t \(member.name);\n"
            case .boolean: text += "    bool \(member.name);\n"
            case .map: text += "    kong_map \(member.name);\n"
            case .structure(let other): text += "    const struct \(other.name) *\(member.name);\n"
            case .structures(let other):
                text += "    const struct \(other.name) *const *\(member.name);\n    size_t \(member.name)_count;\n"
            }
        }
        return text + "} \(structure.name);\n"
    }

    // MARK: Lines

    private static let width = 112

    /// A comment of several lines, in a struct.
    private static func commented(_ sentences: [String]) -> String {
        var lines: [String] = []
        for sentence in sentences {
            var line = ""
            for word in sentence.split(separator: " ") {
                if !line.isEmpty, line.count + word.count + 8 > width {
                    lines.append(line)
                    line = ""
                }
                line += line.isEmpty ? word : " \(word)"
            }
            lines.append(line)
        }
        return "    /* \(lines.joined(separator: "\n     * ")) */\n"
    }

    /// A function's declaration, on as many lines as it takes.
    private static func wrapped(_ head: String, _ parameters: [String], _ tail: String) -> String {
        let indent = String(repeating: " ", count: 4 + head.count)
        var text = "    \(head)"
        var column = text.count
        for (index, parameter) in parameters.enumerated() {
            let piece = parameter + (index == parameters.count - 1 ? tail : ",")
            if index > 0 {
                if column + piece.count + 1 > width {
                    text += "\n\(indent)"
                    column = indent.count
                } else {
                    text += " "
                    column += 1
                }
            }
            text += piece
            column += piece.count
        }
        return text + "\n"
    }
}
