import FoundationEssentials
import Glibc

/// How text looks that people read: in colours on a terminal, and plain everywhere else.
///
/// NO_COLOR, with whatever in it, turns the colours off (no-color.org), and so does TERM=dumb.
struct Style {
    private let isColoured: Bool

    static let plain = Style(isColoured: false)

    private init(isColoured: Bool) { self.isColoured = isColoured }

    /// For what is written to a descriptor. Ask before `StandardOutput` is made, which puts another in its place.
    init(for descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        isColoured =
            isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    func heading(_ text: String) -> String { marked(text, "1") }
    func good(_ text: String) -> String { marked(text, "32") }
    func bad(_ text: String) -> String { marked(text, "31") }
    func warning(_ text: String) -> String { marked(text, "33") }

    private func marked(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}

extension String {
    /// Filled up with spaces, as a cell of a table. Before it is coloured: colours have no width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
