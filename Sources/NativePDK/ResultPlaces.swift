// Unsafe pointers: results are written to where a plugin wants them.

import CKongPlugin
import PDKCatalogue
import WireProtocol

/// Where a function's result goes: the pointers at the end of its arguments.
struct ResultPlaces {
    private let result: NativeResult
    private let first: UnsafeMutableRawPointer
    private let second: UnsafeMutableRawPointer?

    init(_ result: NativeResult, _ arguments: inout CArguments) throws(NativeFailure) {
        self.result = result
        guard let first = arguments.takePointer() else {
            throw NativeFailure(KONG_BAD_ARGUMENT, "the pointer for the result is NULL")
        }
        self.first = first
        if case .optionalInteger = result {
            guard let second = arguments.takePointer() else {
                throw NativeFailure(KONG_BAD_ARGUMENT, "the pointer is_there is NULL")
            }
            self.second = second
        } else {
            second = nil
        }
    }

    /// Writes what Kong answered. Kong is free to answer with something else than it should; nothing is written then.
    /// - Parameter arena: for what the result points to, if it is not in the answer itself.
    func write(
        _ value: kong_value, of method: PDKMethod, bodyLimit: Int64, in arena: ValueArena
    ) throws(NativeFailure) {
        switch result {
        case .string(let isOptional):
            if value.type == KongType.null, isOptional { return store(kong_string()) }
            // A query's argument without a value.
            if value.type == KongType.boolean, value.boolean, method.result?.type == .scalar {
                return store(arena.terminated(UnsafeRawBufferPointer(start: nil, count: 0)))
            }
            guard let text = value.text(in: arena) else { throw value.unexpected("a string") }
            store(text)
        case .body:
            if let path = value.string(for: "body_filepath") {
                return store(try BodyFile.read(path.text, limit: bodyLimit, into: arena))
            }
            guard let body = value.stringIfAny else { throw value.unexpected("a body") }
            store(body)
        case .integer:
            guard let integer = value.integerOfAnyKind else { throw value.unexpected("an integer") }
            store(integer)
        case .optionalInteger:
            let integer = value.integerOfAnyKind
            guard integer != nil || value.type == KongType.null else { throw value.unexpected("an integer") }
            store(integer ?? 0)
            second?.storeBytes(of: integer != nil, as: Bool.self)
        case .number:
            switch value.type {
            case KongType.integer: store(Double(value.integer))
            case KongType.number: store(value.number)
            default: throw value.unexpected("a number")
            }
        case .boolean:
            switch value.type {
            case KongType.boolean: store(value.boolean)
            case KongType.null where method.result?.isOptional == true: store(false)
            default: throw value.unexpected("a boolean")
            }
        case .value:
            store(value)
        case .map(let isOptional):
            if value.type == KongType.null, isOptional { return store(kong_map()) }
            guard let map = value.mapIfAny(in: arena) else { throw value.unexpected("a table") }
            store(map)
        case .structure(let structure):
            if value.type == KongType.null, method.result?.isOptional == true {
                return store(nil as UnsafeMutableRawPointer?)
            }
            guard let map = value.mapIfAny(in: arena) else { throw value.unexpected("a table") }
            store(structure.layOut(map, in: arena))
        }
    }

    private func store<Content>(_ content: Content) {
        // A plugin's variable is where the plugin says, aligned or not.
        withUnsafeBytes(of: content) { first.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(first), byteCount: $0.count) }
    }
}

extension kong_value {
    fileprivate func unexpected(_ expected: String) -> NativeFailure {
        NativeFailure(KONG_FAILED, "expected \(expected), Kong answered \(OwnedValue(self))")
    }

    /// A string; a number is text to Lua wherever it likes.
    func text(in arena: ValueArena) -> kong_string? {
        switch type {
        case KongType.string, KongType.bytes: return string
        case KongType.integer: return arena.terminated("\(integer)")
        case KongType.number: return arena.terminated("\(number)")
        default: return nil
        }
    }

    /// An integer, or the text of one: before 3.7 Kong answers `kong.request.get_forwarded_port` over MessagePack with that of
    /// an nginx variable.
    fileprivate var integerOfAnyKind: Int64? { integerIfAny ?? stringIfAny.flatMap { Int64($0.text) } }

    /// A map, or Lua's empty table; its entries are somewhere even if there are none.
    func mapIfAny(in arena: ValueArena) -> kong_map? {
        guard type == KongType.map || isEmptyTable else { return nil }
        let entries = entries
        if entries.isEmpty {
            return kong_map(entries: UnsafePointer(arena.allocate(kong_entry.self, count: 1).baseAddress), count: 0)
        }
        return kong_map(entries: entries.baseAddress, count: entries.count)
    }
}

extension ValueArena {
    func terminated(_ text: String) -> kong_string {
        var text = text
        return text.withUTF8 { terminated(UnsafeRawBufferPointer($0)) }
    }
}
