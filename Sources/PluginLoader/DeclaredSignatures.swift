// Unsafe pointers: a plugin's `kong_definition` is read here, no farther than the sizes in it allow.

import CKongPlugin
import Glibc

/// The signatures that a plugin declares for the functions which the host will call, in its `kong_plugin_definition`.
///
/// The dynamic linker knows names, and no types. So a plugin says of which types its functions are (in C and C++ the
/// compiler does, through the macros of kong_define.h), and what is not as the host will call it is never called.
public struct DeclaredSignatures {
    /// One that is not what the host wants.
    public struct Mismatch: Sendable {
        public let function: String
        public let declared: String
        public let wanted: String
    }

    /// The definition cannot be one.
    public struct Unreadable: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Of `kong_plugin_open`.
    let ofOpen: String
    /// All that are wrong.
    let mismatches: [Mismatch]

    /// `sizeof(kong_definition)` in ABI 1.1.
    private static let smallestSize = 72
    private static let handlerLimit = 64
    private static let longestSignature = 64

    init(_ definition: UnsafePointer<kong_definition>) throws(Unreadable) {
        let definition = try Self.read(definition)
        ofOpen = Self.text(definition.open_signature)
        var declared = [(KONG_PLUGIN_OPEN_SYMBOL, ofOpen, KONG_OPEN_SIGNATURE)]
        for handler in UnsafeBufferPointer(start: definition.handlers, count: definition.handler_count) {
            declared.append(
                (Self.name(of: handler.kind), Self.text(handler.signature), Self.wanted(for: handler.kind) ?? "no such handler"))
        }
        mismatches = declared.filter { $0.1 != $0.2 }.map { Mismatch(function: $0.0, declared: $0.1, wanted: $0.2) }
    }

    /// The definition, with zeros for what an older plugin does not have; its handlers can be read.
    public static func read(_ pointer: UnsafePointer<kong_definition>) throws(Unreadable) -> kong_definition {
        guard UInt(bitPattern: pointer) % UInt(MemoryLayout<kong_definition>.alignment) == 0 else {
            throw Unreadable(description: "its definition is at an odd address")
        }
        let size = Int(UnsafeRawPointer(pointer).load(as: UInt32.self))
        guard size >= smallestSize, size <= MemoryLayout<kong_definition>.size else {
            throw Unreadable(
                description: "its definition has \(size) bytes; sizeof(kong_definition) is \(MemoryLayout<kong_definition>.size)")
        }
        var definition = kong_definition()
        withUnsafeMutableBytes(of: &definition) { $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size)) }
        guard (0...handlerLimit).contains(definition.handler_count),
            definition.handler_count == 0 || definition.handlers != nil,
            UInt(bitPattern: definition.handlers) % UInt(MemoryLayout<kong_handler>.alignment) == 0
        else {
            let count = UInt(bitPattern: definition.handler_count)
            throw Unreadable(
                description: "its definition has \(count) handlers at \(definition.handlers == nil ? "NULL" : "some place")")
        }
        return definition
    }

    /// What the contract has for a kind of handler; nil: there is none of this kind.
    public static func wanted(for kind: UInt32) -> String? {
        switch Int(kind) {
        case KONG_ON_START: KONG_START_SIGNATURE
        case KONG_ON_STOP: KONG_STOP_SIGNATURE
        case 0..<32 where Phases.all.contains(Phases(rawValue: 1 << kind)): KONG_PHASE_SIGNATURE
        default: nil
        }
    }

    /// For messages, as "the handler of access".
    public static func name(of kind: UInt32) -> String {
        switch Int(kind) {
        case KONG_ON_START: "the handler of the start"
        case KONG_ON_STOP: "the handler of the stop"
        case 0..<32 where Phases.all.contains(Phases(rawValue: 1 << kind)): "the handler of \(Phases(rawValue: 1 << kind))"
        default: "the handler of kind \(kind)"
        }
    }

    private static func text(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "NULL" }
        let length = strnlen(text, longestSignature)
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self).printable
    }
}
