import CKongPlugin
import WireProtocol
import PDKCatalogue

/// A phase of a request; the raw values are `kong_phase`'s.
enum Phase: UInt32, CaseIterable, CustomStringConvertible {
    case certificate = 0
    case rewrite = 1
    case access = 2
    case response = 3
    case preread = 4
    case log = 5

    static let count = 6

    /// Nil for a name that Kong does not have; names are case-sensitive.
    init?(named name: kong_string) {
        // No two have the same length and the same first letter.
        let phase: Phase
        switch (name.size, name.bytes.first) {
        case (6, _): phase = .access
        case (8, _): phase = .response
        case (3, _): phase = .log
        case (7, UInt8(ascii: "r")): phase = .rewrite
        case (7, _): phase = .preread
        case (11, _): phase = .certificate
        default: return nil
        }
        guard name == phase.staticName else { return nil }
        self = phase
    }

    var asSet: PhaseSet { PhaseSet(rawValue: 1 << rawValue) }

    var description: String { "\(staticName)" }

    private var staticName: StaticString {
        switch self {
        case .certificate: "certificate"
        case .rewrite: "rewrite"
        case .access: "access"
        case .response: "response"
        case .preread: "preread"
        case .log: "log"
        }
    }
}
