/// Releases of Kong, as far as what they take for a schema differs: each stands for itself and all up to the next one.
enum KongRelease: Int, CaseIterable, Sendable {
    case v2_2, v2_6, v2_7, v2_8, v3_0, v3_2, v3_3, v3_4, v3_5, v3_6, v3_7, v3_8, v3_9

    /// The first and the last release of this kind.
    fileprivate var bounds: (first: String, last: String) {
        switch self {
        case .v2_2: ("2.2", "2.5")
        case .v2_6: ("2.6", "2.6")
        case .v2_7: ("2.7", "2.7")
        case .v2_8: ("2.8", "2.8")
        case .v3_0: ("3.0", "3.1")
        case .v3_2: ("3.2", "3.2")
        case .v3_3: ("3.3", "3.3")
        case .v3_4: ("3.4", "3.4")
        case .v3_5: ("3.5", "3.5")
        case .v3_6: ("3.6", "3.6")
        case .v3_7: ("3.7", "3.7")
        case .v3_8: ("3.8", "3.8")
        case .v3_9: ("3.9", "3.9")
        }
    }
}

/// Some of the releases of Kong that this server supports.
public struct KongReleases: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ releases: [KongRelease]) {
        self.init(rawValue: releases.reduce(0) { $0 | 1 << UInt16($1.rawValue) })
    }

    public static let all = KongReleases(KongRelease.allCases)

    static func since(_ first: KongRelease) -> KongReleases {
        KongReleases(KongRelease.allCases.filter { $0.rawValue >= first.rawValue })
    }

    static func before(_ end: KongRelease) -> KongReleases { all.subtracting(since(end)) }

    func contains(_ release: KongRelease) -> Bool { contains(KongReleases([release])) }
}

extension KongReleases: CustomStringConvertible {
    /// As `2.2 to 3.3, 3.9 and later`.
    public var description: String {
        if self == .all { return "all versions" }
        if isEmpty { return "no version" }
        var runs: [ClosedRange<Int>] = []
        for release in KongRelease.allCases where contains(release) {
            if let run = runs.last, run.upperBound + 1 == release.rawValue {
                runs[runs.count - 1] = run.lowerBound...release.rawValue
            } else {
                runs.append(release.rawValue...release.rawValue)
            }
        }
        return runs.map(Self.describe).joined(separator: ", ")
    }

    private static func describe(_ run: ClosedRange<Int>) -> String {
        let releases = KongRelease.allCases[run]
        let first = releases.first?.bounds.first ?? "", last = releases.last?.bounds.last ?? ""
        if releases.last == .v3_9 { return "\(first) and later" }
        return first == last ? first : "\(first) to \(last)"
    }
}
