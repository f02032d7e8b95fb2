/// Prometheus' text format 0.0.4, read strictly: whoever breaks a rule of it, or of its conventions, gets an error.
///
/// Source: Prometheus' documentation, "Exposition formats" and "Metric and label naming".
package struct Exposition {
    package struct Violation: Error, CustomStringConvertible {
        package let description: String
    }

    package struct Family {
        package let type: String
        package let help: String
        /// By the sample's name and its labels.
        package fileprivate(set) var samples: [Sample: Double] = [:]
    }

    package struct Sample: Hashable {
        package let name: String
        package let labels: [String: String]
    }

    package private(set) var families: [String: Family] = [:]

    package init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Violation(description: "the last line does not end") }
        var help: (name: String, text: String)?
        var current: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            var rest = line
            if rest.hasPrefix("# HELP ") {
                rest.removeFirst("# HELP ".count)
                let name = try Self.name(&rest, colons: true)
                guard rest.popFirst() == " ", help == nil else { throw Violation(description: "HELP: \(line)") }
                help = (name, try Self.unescaped(rest, quotes: false))
            } else if rest.hasPrefix("# TYPE ") {
                rest.removeFirst("# TYPE ".count)
                let name = try Self.name(&rest, colons: true)
                guard rest.popFirst() == " ", ["counter", "gauge", "histogram"].contains(String(rest)), let text = help, text.name == name,
                    families[name] == nil
                else { throw Violation(description: "TYPE without its HELP, or twice: \(line)") }
                families[name] = Family(type: String(rest), help: text.text)
                help = nil
                current = name
            } else {
                guard let family = current, help == nil else { throw Violation(description: "a sample without its TYPE: \(line)") }
                try take(rest, of: family)
            }
        }
        for (name, family) in families { try Self.check(name, family) }
    }

    private mutating func take(_ line: Substring, of family: String) throws {
        var rest = line
        let name = try Self.name(&rest, colons: true)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            repeat {
                let label = try Self.name(&rest, colons: false)
                guard rest.popFirst() == "=", rest.popFirst() == "\"" else { throw Violation(description: "label \(label): \(line)") }
                var value = ""
                while let next = rest.popFirst(), next != "\"" {
                    value.append(next)
                    if next == "\\", let escaped = rest.popFirst() { value.append(escaped) }
                }
                guard labels.updateValue(try Self.unescaped(value[...], quotes: true), forKey: label) == nil else {
                    throw Violation(description: "label \(label) twice: \(line)")
                }
                let next = rest.popFirst()
                if next == "}" { break }
                guard next == "," else { throw Violation(description: "labels do not end: \(line)") }
            } while true
        }
        guard rest.popFirst() == " ", let value = Double(rest), !rest.contains(" ") else { throw Violation(description: "value: \(line)") }
        let suffixes = families[family]?.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { family + $0 == name }) else { throw Violation(description: "of another family: \(line)") }
        guard families[family]?.samples.updateValue(value, forKey: Sample(name: name, labels: labels)) == nil else {
            throw Violation(description: "twice: \(line)")
        }
    }

    private static func name(_ text: inout Substring, colons: Bool) throws -> String {
        let name = text.prefix { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "_" || colons && character == ":")
        }
        guard let first = name.first, !first.isNumber else { throw Violation(description: "not a name: \(text)") }
        text = text[name.endIndex...]
        return String(name)
    }

    private static func unescaped(_ text: Substring, quotes: Bool) throws -> String {
        var (result, rest) = ("", text)
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "\\": result.append("\\")
            case "n": result.append("\n")
            case "\"" where quotes: result.append("\"")
            default: throw Violation(description: "a backslash before nothing that it may stand before: \(text)")
            }
        }
        return result
    }

    /// What a family's type demands of its samples.
    private static func check(_ name: String, _ family: Family) throws {
        if family.help.isEmpty { throw Violation(description: "\(name) has no help") }
        guard family.type == "counter" || !name.hasSuffix("_total") else { throw Violation(description: "\(name) is no counter") }
        if family.type == "counter" {
            guard name.hasSuffix("_total"), family.samples.values.allSatisfy({ $0 >= 0 }) else {
                throw Violation(description: "counter \(name) has another name, or is negative")
            }
        }
        guard family.type == "histogram" else { return }
        let groups = Dictionary(grouping: family.samples) { entry in entry.key.labels.filter { $0.key != "le" } }
        for (labels, samples) in groups {
            let buckets = try samples.filter { $0.key.name == name + "_bucket" }.map { entry -> (Double, Double) in
                guard let text = entry.key.labels["le"], let bound = text == "+Inf" ? .infinity : Double(text) else {
                    throw Violation(description: "\(name) has a bucket without le")
                }
                return (bound, entry.value)
            }.sorted { $0.0 < $1.0 }
            let count = samples.first { $0.key.name == name + "_count" }?.value
            guard let last = buckets.last, last.0 == .infinity, last.1 == count,
                samples.contains(where: { $0.key.name == name + "_sum" }), zip(buckets, buckets.dropFirst()).allSatisfy({ $0.1 <= $1.1 })
            else { throw Violation(description: "\(name)\(labels) is no histogram") }
        }
    }

    package subscript(_ name: String, _ labels: [String: String]) -> Double? {
        families.values.lazy.compactMap { $0.samples[Sample(name: name, labels: labels)] }.first
    }
}
