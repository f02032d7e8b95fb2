import WireProtocol

// kong/pdk/log.lua

/// A change to the log's record, for when it is made.
struct SerializeValue: Hashable, Sendable {
    enum Mode: String {
        case set, add, replace
    }

    let key: [UInt8]
    let value: OwnedValue
    let mode: Mode
}

extension SimulatedExchange {
    private static let serializePhases: PhaseMask = [.rewrite, .access, .headerFilter, .response, .bodyFilter, .log]

    mutating func callLog(_ name: String, _ arguments: Arguments) throws(Interruption) -> OwnedValue? {
        switch name {
        case "set_serialize_value":
            try check(Self.serializePhases)
            try setSerializeValue(arguments)
        case "serialize":
            // In the log phase it is what Kong has saved before; no plugin server can add to it there.
            guard phase == .log else {
                try check(.log)
                return nil
            }
            return try logText()
        // Kong draws a box around it. In 2.8 it is a line of the level debug.
        case "inspect":
            let texts = arguments.values.map { LuaInspection.text(of: $0) }
            log.append(LogLine(.notice, Array(texts.joined(separator: [UInt8(ascii: " ")]))))
        case "deprecation": try writeDeprecation(arguments)
        // Calling the table itself writes a notice.
        case "": writeLog(.notice, arguments)
        default:
            guard let level = LogLine.Level(rawValue: name) else { throw .unknownMethod }
            writeLog(level, arguments)
        }
        return nil
    }

    /// The arguments one after the other, as `tostring` makes them: a table is its address.
    private mutating func writeLog(_ level: LogLine.Level, _ arguments: Arguments) {
        log.append(LogLine(level, Array(arguments.values.map(\.luaText).joined())))
    }

    /// `deprecation(message…, {after, removal})` (kong/deprecation.lua).
    private mutating func writeDeprecation(_ arguments: Arguments) throws(Interruption) {
        guard let last = arguments.values.last else {
            throw .raised("bad argument #1 to 'select' (index out of range)")
        }
        var message: [UInt8] = []
        for (index, value) in (last.isTable ? arguments.values.dropLast() : arguments.values[...]).enumerated() {
            guard let text = value.luaString else {
                throw .raised("invalid value (\(value.luaType)) at index \(index + 1) in table for 'concat'")
            }
            message += text
        }
        let notes = [("after", "deprecated after"), ("removal", "scheduled for removal in")].compactMap { key, words in
            last[key].map { "\(words) \($0.luaText.text)" }
        }
        if !notes.isEmpty { message += Array(" (\(notes.joined(separator: ", ")))".utf8) }
        log.append(LogLine(.warn, message))
    }

    private mutating func setSerializeValue(_ arguments: Arguments) throws(Interruption) {
        let key = try arguments.string(0, or: "key must be a string")
        let options = arguments[2]["mode"]
        guard let mode = SerializeValue.Mode(rawValue: options?.text ?? "set") else {
            throw .raised("mode must be 'set', 'add' or 'replace'")
        }
        serializeValues.append(SerializeValue(key: key, value: arguments[1], mode: mode))
    }

    private func logText() throws(Interruption) -> OwnedValue {
        do throws(JSONError) {
            return .string(try JSONText.encode(logRecord ?? .map([:])))
        } catch {
            throw .failed(error.text)
        }
    }

    /// Makes the record, as Kong does before it calls a plugin server for the log phase. If that fails, it does not call.
    mutating func saveForLog() -> Bool {
        do throws(Interruption) {
            var record = serializedRecord()
            for change in serializeValues { record = try Self.apply(change, to: record) }
            logRecord = record
            return true
        } catch {
            if case .raised(let text) = error { fail(text) }
            return false
        }
    }

    /// `edit_result`: a key as `request.headers.x-mine` names a place in the record.
    private static func apply(_ change: SerializeValue, to record: OwnedValue) throws(Interruption) -> OwnedValue {
        let path = change.key.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        return try apply(change, to: record, at: joiningFirstEmpty(path)[...]) ?? record
    }

    /// Kong looks for points from the second character on: one at the beginning belongs to the first name.
    private static func joiningFirstEmpty(_ path: [[UInt8]]) -> [[UInt8]] {
        guard path.count > 1, path[0].isEmpty else { return path }
        return [[UInt8(ascii: ".")] + path[1]] + path.dropFirst(2)
    }

    /// Nil: nothing is to be changed.
    private static func apply(
        _ change: SerializeValue, to node: OwnedValue, at path: ArraySlice<[UInt8]>
    ) throws(Interruption) -> OwnedValue? {
        guard let name = path.first, var entries = node.entries else { return nil }
        let existing = entries[name].flatMap { $0 == .null ? nil : $0 }
        if path.count == 1 {
            let applies =
                switch change.mode {
                case .set: true
                case .add: existing == nil
                case .replace: existing != nil
                }
            guard applies else { return nil }
            entries[name] = change.value == .null ? nil : change.value
            return .map(entries)
        }
        guard existing != nil || change.mode != .replace else { return nil }
        guard existing?.isTable ?? true else {
            throw .raised(
                "The key '\(change.key.text)' could not be used as a serialize value. "
                    + "Subkey '\(name.text)' is not a table. It's \((existing ?? .null).luaText.text)")
        }
        entries[name] = try apply(change, to: existing ?? .map([:]), at: path.dropFirst()) ?? existing ?? .map([:])
        return .map(entries)
    }
}
