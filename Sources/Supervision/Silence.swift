/// For how long a worker has left a question without an answer.
///
/// It counts how often somebody has looked, and not the time: while the machine sleeps, or the supervisor is stopped too,
/// nobody does. A state machine without clocks and timers.
struct Silence {
    /// To be done about it.
    enum Finding: Equatable {
        case nothing
        /// To be told of, once.
        case name
        /// The worker is to be replaced.
        case replace
    }

    private var isAsked = false
    private(set) var looks = 0
    private var isNamed = false

    /// Whether it owes an answer, and so need not be asked again.
    var isWaiting: Bool { isAsked }

    mutating func asked() { isAsked = true }

    /// Returns whether its silence had been told of.
    mutating func answered() -> Bool {
        defer { self = Silence() }
        return isNamed
    }

    /// It has been looked at, and owed an answer since the time before.
    /// - Parameters:
    ///   - namedAfter: so many looks.
    ///   - replacedAfter: nil: never.
    mutating func look(namedAfter: Int, replacedAfter: Int?) -> Finding {
        looks += 1
        if let replacedAfter, looks >= replacedAfter { return .replace }
        guard !isNamed, looks >= namedAfter else { return .nothing }
        isNamed = true
        return .name
    }
}
