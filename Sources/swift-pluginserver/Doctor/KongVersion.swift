import ArgumentParser

/// A release of Kong, as far as rules depend on it.
struct KongVersion: Comparable, ExpressibleByArgument {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// From "3.9", "3.9.1" or "3.9.1.0".
    init?(argument: String) {
        let numbers = argument.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1], (0...99).contains(major), (0...99).contains(minor)
        else { return nil }
        self.init(major, minor)
    }

    static func < (left: KongVersion, right: KongVersion) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    /// The releases that a rule is of.
    struct Range: CustomStringConvertible {
        let first: KongVersion?
        let last: KongVersion?

        static func from(_ major: Int, _ minor: Int) -> Range { Range(first: KongVersion(major, minor), last: nil) }
        static func upTo(_ major: Int, _ minor: Int) -> Range { Range(first: nil, last: KongVersion(major, minor)) }
        static func between(_ first: KongVersion, _ last: KongVersion) -> Range { Range(first: first, last: last) }

        /// `nil` if it is not known which version it is.
        func contains(_ version: KongVersion?) -> Bool? {
            guard let version else { return nil }
            return first.map { $0 <= version } ?? true && last.map { version <= $0 } ?? true
        }

        var description: String {
            switch (first, last) {
            case (let first?, let last?): "Kong \(first.text) to \(last.text)"
            case (let first?, nil): "Kong \(first.text) and later"
            case (nil, let last?): "Kong up to \(last.text)"
            case (nil, nil): "any Kong"
            }
        }
    }

    var text: String { "\(major).\(minor)" }
}
