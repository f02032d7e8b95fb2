/// The date of a header, as RFC 9110 has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
struct HTTPDate {
    /// Since 1970.
    let seconds: Int

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Nil for anything else. That the day of the week is the right one is not checked.
    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].utf8.count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Self.number(parts[1], digits: 2, in: 1...31), let month = Self.months.firstIndex(of: String(parts[2])),
            let year = Self.number(parts[3], digits: 4, in: 1970...9999)
        else { return nil }
        let time = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = Self.number(time[0], digits: 2, in: 0...23),
            let minute = Self.number(time[1], digits: 2, in: 0...59),
            // A leap second has the number 60.
            let second = Self.number(time[2], digits: 2, in: 0...60)
        else { return nil }
        seconds = ((Self.days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: Substring, digits: Int, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }

    /// Since 1970. Years begin in March here, so that the day that not all have is the last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let years = month > 2 ? year : year - 1
        let daysInYear = ((month + 9) % 12 * 153 + 2) / 5 + day - 1
        return years * 365 + years / 4 - years / 100 + years / 400 + daysInYear - 719_468
    }
}
