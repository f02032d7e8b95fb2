/// The requests of one key against one limit.
struct Counter {
    /// Which window it is, counted from the start.
    private var window = 0
    private var previous = 0
    /// How many there were in this window.
    var current = 0

    /// Goes on to the window of a time, in microseconds since the start, and says how the limit stands.
    mutating func state(_ limit: RateLimiter.Limit, at now: Int) -> RateLimiter.Verdict.State {
        let length = limit.window.microseconds
        // Another thread may have been here with a later time.
        let window = max(now / length, self.window)
        if window > self.window {
            previous = window == self.window + 1 ? current : 0
            current = 0
            self.window = window
        }
        let elapsed = max(0, now - window * length)
        // In requests times microseconds.
        let left = limit.count * length - current * length - previous * (length - elapsed)
        let isExceeded = left < length
        let wait = length - elapsed + (isExceeded ? further(limit, length) : 0)
        return .init(isExceeded: isExceeded, remaining: max(0, left / length), reset: max(1, (wait + 999_999) / 1_000_000))
    }

    /// How long after the end of this window the next request may come: before it, if the number is below 0.
    private func further(_ limit: RateLimiter.Limit, _ length: Int) -> Int {
        // What may be left of the window before, for a request more to fit.
        let room = limit.count - 1 - current
        return room >= 0 ? -(room * length / max(1, previous)) : length - (limit.count - 1) * length / current
    }
}

/// Counters by the hashes of keys: a fixed number of places. When all are taken, the clock algorithm makes room: a hand goes
/// round, lets those stay that were used since it came by last, and gives the first other one away.
struct CounterTable {
    private struct Entry {
        var hash: Int
        var wasUsed = false
    }

    private let limits: Int
    private let capacity: Int
    private var places: [Int: Int] = [:]
    private var entries: [Entry] = []
    private var counters: [Counter] = []
    private var hand = 0

    init(limits: Int, capacity: Int) {
        self.limits = limits
        self.capacity = capacity
    }

    subscript(place: Int, limit: Int) -> Counter {
        get { counters[place * limits + limit] }
        _modify { yield &counters[place * limits + limit] }
    }

    /// The place of a key; a new one if it has none.
    mutating func place(of hash: Int) -> Int {
        if let place = places[hash] {
            entries[place].wasUsed = true
            return place
        }
        let place: Int
        if entries.count < capacity {
            place = entries.count
            entries.append(Entry(hash: hash))
            counters.append(contentsOf: repeatElement(Counter(), count: limits))
        } else {
            place = free()
            entries[place] = Entry(hash: hash)
            for limit in 0..<limits { self[place, limit] = Counter() }
        }
        places[hash] = place
        return place
    }

    private mutating func free() -> Int {
        while entries[hand].wasUsed {
            entries[hand].wasUsed = false
            hand = (hand + 1) % entries.count
        }
        defer { hand = (hand + 1) % entries.count }
        places[entries[hand].hash] = nil
        return hand
    }
}
