/// A coding key that needs no enum: the name of a field, or an index.
struct ConfigKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "\(intValue)"
        self.intValue = intValue
    }

    init(_ key: some CodingKey) {
        stringValue = key.stringValue
        intValue = key.intValue
    }
}

extension CodingKey {
    /// The key as the name of a field in Kong, which are in snake_case: `rateLimit` is `rate_limit`, `maxHTTPAge`
    /// is `max_http_age`. What has no capitals stays as it is.
    var fieldName: String {
        let characters = Array(stringValue)
        var name = ""
        for (index, character) in characters.enumerated() {
            guard character.isUppercase else {
                name.append(character)
                continue
            }
            if index > 0, startsWord(characters, index) { name.append("_") }
            name += character.lowercased()
        }
        return name
    }

    /// Whether the capital at an index starts a word: after a small letter or a digit, or as the last of several
    /// capitals before a small letter.
    private func startsWord(_ characters: [Character], _ index: Int) -> Bool {
        let previous = characters[index - 1]
        if previous.isUppercase {
            return index + 1 < characters.count && characters[index + 1].isLowercase
        }
        return previous.isLetter || previous.isNumber
    }
}
