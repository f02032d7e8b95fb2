extension String {
    /// The same text on one line, with everything escaped that could forge a log line or steer a terminal.
    ///
    /// File names, ELF strings and `dlerror` texts come from files that nobody has vouched for.
    package var printable: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// As one word of a shell's command line, quoted where it has to be.
    package var shellWord: String {
        let plain = utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+=:,@%".utf8.contains(byte)
            }
        }
        return plain && !isEmpty ? self : "'\(replacing("'", with: "'\\''"))'"
    }

    /// How to put a new version of the file at this path in its place, all at once.
    package var replaceCommand: String {
        "cp NEW \("\(self).new".shellWord) && mv \("\(self).new".shellWord) \(shellWord)"
    }
}
