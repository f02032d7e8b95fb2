/// Finds out what somebody meant to write.
public enum Spelling {
    /// Words of other schema languages, and what they are in Kong's.
    private static let translations = [
        "enum": "one_of", "pattern": "match", "regex": "match", "items": "elements", "properties": "fields",
        "minimum": "between", "maximum": "between", "min": "between", "max": "between", "range": "between",
        "minLength": "len_min", "maxLength": "len_max", "min_len": "len_min", "max_len": "len_max", "length": "len_eq",
        "doc": "description", "comment": "description", "default_value": "default", "prefix": "starts_with",
        "secret": "encrypted", "uniqueItems": "set",
        "int": "integer", "int64": "integer", "uint": "integer", "float": "number", "double": "number", "bool": "boolean",
        "str": "string", "text": "string", "list": "array", "slice": "array", "object": "record", "struct": "record",
        "dictionary": "map", "dict": "map", "hash": "map", "table": "record",
    ]

    /// The candidate that `word` was meant to be, if that is clear enough.
    static func nearest(to word: LuaString, among candidates: [String]) -> String? {
        guard (1...40).contains(word.bytes.count) else { return nil }
        let text = word.text
        if let translation = translations[text], candidates.contains(translation) { return translation }
        let limit = text.utf8.count < 4 ? 1 : 2
        return
            candidates
            .map { (name: $0, distance: distance(Array($0.utf8), Array(text.lowercased().utf8))) }
            .filter { $0.distance <= limit && $0.distance < text.utf8.count }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// The name that `name` was meant to be, if that is clear enough.
    public static func nearest(to name: String, among names: [String]) -> String? { nearest(to: LuaString(name), among: names) }

    /// How many letters are missing, too many, wrong or swapped with their neighbour.
    private static func distance(_ one: [UInt8], _ two: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...two.count)
        for (i, a) in one.enumerated() {
            var row = [i + 1]
            for (j, b) in two.enumerated() {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == two[j - 1], one[i - 1] == b { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last.last ?? 0
    }
}
