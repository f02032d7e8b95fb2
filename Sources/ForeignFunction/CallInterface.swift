// Unsafe pointers: libffi keeps pointers to what is allocated here.

import CFFI

/// libffi cannot do what it is asked for: on this machine there is no such thing, or no memory.
public struct ForeignFunctionError: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// How functions of one signature are called on this machine. Never freed: there are as many as there are signatures, and
/// closures go on using theirs.
// @unchecked Sendable: libffi changes it in `init` only.
final class CallInterface: @unchecked Sendable {
    let cif: UnsafeMutablePointer<ffi_cif>
    let signature: Signature

    init(_ signature: Signature) throws(ForeignFunctionError) {
        self.signature = signature
        cif = .allocate(capacity: 1)
        let types = UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>.allocate(capacity: max(1, signature.arguments.count))
        for (index, letter) in signature.arguments.enumerated() {
            (types + index).initialize(to: cffi_type(CChar(letter.rawValue)))
        }
        let status = ffi_prep_cif(
            cif, cffi_default_abi(), UInt32(signature.arguments.count), cffi_type(CChar(signature.result.rawValue)), types)
        guard status == FFI_OK else {
            cif.deallocate()
            types.deallocate()
            throw ForeignFunctionError(description: "libffi knows no way to call \(signature): status \(status.rawValue)")
        }
    }
}
