// Unsafe pointers: the tables of kong_pdk.h are laid out here, in memory that is never freed.

import CKongPlugin
import ForeignFunction

/// The tables of functions, made once for a process: a closure for each method, which all go to one handler.
// @unchecked Sendable: what the pointers point to is written in `init` only.
final class NativeTables: @unchecked Sendable {
    /// One for each group, in the order of `kong_pdk`.
    private let groups: [UnsafeMutableRawPointer]

    /// Where the first group stands in `kong_pdk`.
    private static let firstGroup = 40
    /// Where the first function stands in a group.
    private static let firstFunction = 8

    /// Nil with the reason if libffi cannot make functions here.
    static let shared = Result { () throws(ForeignFunctionError) in try NativeTables() }

    /// The size of a `kong_pdk`.
    static let objectSize = firstGroup + 8 * HeaderGenerator.groups.count

    private init() throws(ForeignFunctionError) {
        var groups: [UnsafeMutableRawPointer] = []
        for group in HeaderGenerator.groups {
            let size = Self.firstFunction + 8 * group.methods.count
            let table = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
            table.storeBytes(of: 0, as: UInt64.self)
            table.storeBytes(of: UInt32(size), as: UInt32.self)
            for (index, method) in group.methods.enumerated() {
                let function = try Self.function(for: method)
                table.storeBytes(of: function, toByteOffset: Self.firstFunction + 8 * index, as: UnsafeMutableRawPointer.self)
            }
            groups.append(table)
        }
        self.groups = groups
    }

    private static func function(for method: NativeMethod) throws(ForeignFunctionError) -> UnsafeMutableRawPointer {
        guard let signature = Signature(method.signature) else {
            throw ForeignFunctionError(description: "\(method.method.name) has no signature")
        }
        // The closure needs it as long as the process.
        let call = Unmanaged.passRetained(NativeCall(method))
        return try Closure.make(signature, context: call.toOpaque()) { _, result, arguments, context in
            guard let context, let arguments else { return }
            let call = Unmanaged<NativeCall>.fromOpaque(context).takeUnretainedValue()
            Closure.setResult(result, to: call.run(CArguments(arguments)))
        }
    }

    /// Makes memory a `kong_pdk` of no event.
    func initialize(_ object: UnsafeMutableRawPointer) {
        object.initializeMemory(as: UInt64.self, repeating: 0, count: Self.objectSize / 8)
        let pdk = object.bindMemory(to: kong_pdk.self, capacity: 1)
        pdk.pointee.size = UInt32(Self.objectSize)
        pdk.pointee.error = { _ in ThreadMessage.last }
        pdk.pointee.flush = { NativeCall.flush($0) }
        for (index, group) in groups.enumerated() {
            object.storeBytes(of: group, toByteOffset: Self.firstGroup + 8 * index, as: UnsafeMutableRawPointer.self)
        }
    }
}
