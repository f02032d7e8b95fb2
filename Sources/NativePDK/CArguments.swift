// Unsafe pointers: what a plugin has called a function with is taken in here.

import CKongPlugin
import Glibc
import WireProtocol

/// The arguments of a call, one after the other, as libffi hands them over: a pointer to each.
struct CArguments {
    private let places: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private var next = 0

    init(_ places: UnsafeMutablePointer<UnsafeMutableRawPointer?>) { self.places = places }

    /// The next one. The signature says of which type it is.
    mutating func take<Argument>(_ type: Argument.Type) -> Argument? {
        defer { next += 1 }
        return places[next]?.load(as: type)
    }

    mutating func takePointer() -> UnsafeMutableRawPointer? {
        take(UnsafeMutableRawPointer?.self).flatMap(\.self)
    }

    /// The value of a parameter; nil if it has been left out.
    mutating func value(of parameter: NativeParameter) throws(NativeFailure) -> kong_value? {
        switch parameter.kind {
        case .text:
            guard let text = takePointer()?.assumingMemoryBound(to: CChar.self) else { return try parameter.missing("NULL") }
            return kong_value(kong_string(data: text, size: strlen(text)))
        case .bytes:
            let data = takePointer()?.assumingMemoryBound(to: CChar.self)
            // size_t is a signed number here.
            let size = take(Int.self) ?? 0
            guard size >= 0 else { throw parameter.refusal("a size of \(UInt(bitPattern: size)) is no size") }
            guard let data else {
                guard size == 0 else { throw parameter.refusal("\(size) bytes at NULL") }
                return try parameter.missing("NULL")
            }
            return kong_value(bytes: kong_string(data: data, size: size))
        case .integer:
            let integer = take(Int64.self) ?? .min
            if integer == .min, parameter.isOptional { return nil }
            if let range = parameter.range, !range.contains(integer) {
                throw parameter.refusal(
                    range.upperBound == .max
                        ? "\(integer) is below \(range.lowerBound)"
                        : "\(integer) is not in \(range.lowerBound) … \(range.upperBound)")
            }
            return kong_value(integer)
        case .number:
            return kong_value(take(Double.self) ?? 0)
        case .boolean:
            return kong_value(take(UInt8.self) != 0)
        case .value:
            guard let value = takePointer()?.assumingMemoryBound(to: kong_value.self) else {
                return parameter.isOptional ? kong_value() : try parameter.missing("NULL")
            }
            try value.pointee.checkMemory(for: parameter)
            return value.pointee
        case .map:
            guard let map = takePointer()?.assumingMemoryBound(to: kong_map.self) else { return try parameter.missing("NULL") }
            var value = kong_value()
            value.type = KongType.map
            value.map = map.pointee
            try value.checkMemory(for: parameter)
            return value
        case .values:
            return nil
        }
    }

    /// The values of a parameter that there is any number of.
    mutating func values(of parameter: NativeParameter) throws(NativeFailure) -> UnsafeBufferPointer<kong_value> {
        let values = takePointer()?.assumingMemoryBound(to: kong_value.self)
        let count = take(Int.self) ?? 0
        var array = kong_value()
        array.type = KongType.array
        array.array = kong_array(items: values, count: count)
        try array.checkMemory(for: parameter)
        return array.items
    }
}

extension NativeParameter {
    fileprivate func missing(_ found: String) throws(NativeFailure) -> kong_value? {
        if isOptional { return nil }
        throw refusal("it is \(found)")
    }

    fileprivate func refusal(_ reason: String) -> NativeFailure { NativeFailure(KONG_BAD_ARGUMENT, "\(name): \(reason)") }
}

extension kong_value {
    /// Deeper values cannot be sent to Kong either.
    private static let depthLimit = 100

    /// Looks whether counts, sizes and pointers can be true; whether they are, nobody can tell.
    fileprivate func checkMemory(for parameter: NativeParameter, depth: Int = 0) throws(NativeFailure) {
        guard depth < Self.depthLimit else { throw parameter.refusal("its values are nested too deep") }
        switch type {
        case KongType.string, KongType.bytes:
            try string.checkMemory(for: parameter)
        case KongType.array:
            guard array.count == 0 || (array.count > 0 && array.items != nil) else {
                throw parameter.refusal("an array of \(UInt(bitPattern: array.count)) at \(array.items == nil ? "NULL" : "some place")")
            }
            for item in items { try item.checkMemory(for: parameter, depth: depth + 1) }
        case KongType.map:
            guard map.count == 0 || (map.count > 0 && map.entries != nil) else {
                throw parameter.refusal(
                    "a map of \(UInt(bitPattern: map.count)) at \(map.entries == nil ? "NULL" : "some place")")
            }
            for entry in entries {
                try entry.key.checkMemory(for: parameter)
                try entry.value.checkMemory(for: parameter, depth: depth + 1)
            }
        case KongType.null, KongType.boolean, KongType.integer, KongType.number: break
        default: throw parameter.refusal("a value of the unknown type \(type)")
        }
    }
}

extension kong_string {
    fileprivate func checkMemory(for parameter: NativeParameter) throws(NativeFailure) {
        guard size == 0 || (size > 0 && data != nil) else {
            throw parameter.refusal("a string of \(UInt(bitPattern: size)) bytes at \(data == nil ? "NULL" : "some place")")
        }
    }
}
