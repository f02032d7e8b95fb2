// Unsafe pointers: this calls a function at an address.

import CFFI

/// A C function at an address, called as its signature says.
// @unchecked Sendable: nothing changes after `init`; what the function does is its owner's to know.
public final class ForeignFunction: @unchecked Sendable {
    private let address: UnsafeMutableRawPointer
    private let interface: CallInterface

    /// - Parameter address: of a function that has this signature, valid to the end of the process.
    public init(_ address: UnsafeMutableRawPointer, _ signature: Signature) throws(ForeignFunctionError) {
        self.address = address
        interface = try CallInterface(signature)
    }

    public var signature: Signature { interface.signature }

    /// Calls it with pointers, which is all that it takes; `nil` if it takes another number, or anything else.
    /// - Returns: the result's bits, extended to a word: a pointer, an integer, a boolean; 0 for none.
    public func call(_ first: UnsafeRawPointer?, _ second: UnsafeRawPointer? = nil) -> Int? {
        let letters = signature.arguments
        guard letters.count <= 2, letters.allSatisfy({ $0 == .pointer }), signature.result != .double else { return nil }
        var (first, second) = (first, second)
        // libffi gives at least a register's width for an integer.
        var result = ffi_arg(0)
        withUnsafeMutablePointer(to: &first) { first in
            withUnsafeMutablePointer(to: &second) { second in
                withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: 2) { arguments in
                    arguments.initializeElement(at: 0, to: UnsafeMutableRawPointer(first))
                    arguments.initializeElement(at: 1, to: UnsafeMutableRawPointer(second))
                    ffi_call(
                        interface.cif, unsafeBitCast(address, to: (@convention(c) () -> Void).self), &result,
                        arguments.baseAddress)
                }
            }
        }
        return Int(bitPattern: UInt(result))
    }
}
