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
        for phase in Self.allCases where name == phase.staticName {
            self = phase
            return
        }
        return nil
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
