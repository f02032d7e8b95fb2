import WireProtocol

/// The arguments of a call, with the checks that the PDK's functions make of them.
struct Arguments {
    let values: [OwnedValue]

    init(_ values: [OwnedValue]) {
        self.values = values.map(\.luaValue)
    }

    /// An argument that was not given is nil.
    subscript(index: Int) -> OwnedValue {
        index < values.count ? values[index] : .null
    }

    /// A string, and nothing that could be made one.
    func string(_ index: Int, or message: String) throws(Interruption) -> [UInt8] {
        guard case .string(let bytes) = self[index] else { throw .raised(message) }
        return bytes
    }

    func table(_ index: Int, or message: String) throws(Interruption) -> OwnedValue {
        guard self[index].isTable else { throw .raised(message) }
        return self[index]
    }

    func number(_ index: Int, or message: String) throws(Interruption) -> Double {
        guard let number = self[index].luaNumber else { throw .raised(message) }
        return number
    }

    /// A whole number; `name must be an integer`, or what else is not allowed of it.
    func integer(_ index: Int, _ name: String, in range: ClosedRange<Int>) throws(Interruption) -> Int {
        guard let number = self[index].luaNumber, number == number.rounded(.down) else {
            throw .raised("\(name) must be an integer")
        }
        guard number >= Double(range.lowerBound), number <= Double(range.upperBound) else {
            let given = Lua.text(of: number).text
            throw .raised(
                "\(name) must be an integer between \(range.lowerBound) and \(range.upperBound): given \(given)")
        }
        return Int(number)
    }

    /// How many headers or arguments to give at most; nil: as many as Kong is configured to. From 1 to 1000.
    func limit(_ index: Int, _ name: String) throws(Interruption) -> Int? {
        guard self[index] != .null else { return nil }
        let number = try number(index, or: "\(name) must be a number")
        guard number >= 1 else { throw .raised("\(name) must be >= 1") }
        guard number <= 1000 else { throw .raised("\(name) must be <= 1000") }
        return Int(number)
    }

    /// A status from `lowest` to 599. It may have a fraction, which nginx drops.
    func status(_ index: Int, from lowest: Int = 100) throws(Interruption) -> Int {
        let number = try number(index, or: "code must be a number")
        guard number >= Double(lowest), number <= 599 else {
            throw .raised("code must be a number between \(lowest) and 599")
        }
        return Int(number)
    }
}
