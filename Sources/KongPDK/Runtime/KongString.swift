// Unsafe pointers: strings cross to C and back here.

import CKongPlugin

extension kong_string {
    /// A string that is never freed.
    init(immortal text: String) {
        let utf8 = Array(text.utf8)
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, utf8.count))
        for (index, byte) in utf8.enumerated() { memory[index] = CChar(bitPattern: byte) }
        self.init(data: UnsafePointer(memory), size: utf8.count)
    }

    /// The text, with what is not UTF-8 replaced: for messages.
    var text: String {
        guard let data, size > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: size), as: UTF8.self)
    }
}

extension String {
    /// Lends the string's bytes to `body`.
    func withKongString<Result>(_ body: (kong_string) -> Result) -> Result {
        var text = self
        return text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { body(kong_string(data: $0.baseAddress, size: $0.count)) }
        }
    }
}
