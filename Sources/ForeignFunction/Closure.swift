// Unsafe pointers: a closure is code in memory that libffi has made.

import CFFI

/// A C function that libffi makes when the program runs: whatever it is called with goes to one handler, together with
/// something that says which function it was. Never freed: nobody can know that it will not be called any more.
public enum Closure {
    /// - Parameters:
    ///   - result: room for the result; integers that are smaller than a word are written as a whole `ffi_arg`.
    ///   - arguments: a pointer to each argument.
    ///   - context: what the closure was made with.
    public typealias Handler = @convention(c) (
        _ interface: UnsafeMutablePointer<ffi_cif>?, _ result: UnsafeMutableRawPointer?,
        _ arguments: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ context: UnsafeMutableRawPointer?
    ) -> Void

    /// Makes a function.
    /// - Returns: its address.
    public static func make(
        _ signature: Signature, context: UnsafeMutableRawPointer, _ handler: @escaping Handler
    ) throws(ForeignFunctionError) -> UnsafeMutableRawPointer {
        let interface = try CallInterface(signature)
        var code: UnsafeMutableRawPointer?
        guard let memory = ffi_closure_alloc(MemoryLayout<ffi_closure>.size, &code), let code else {
            throw ForeignFunctionError(description: "libffi cannot make a function: no memory for code is to be had")
        }
        let closure = memory.assumingMemoryBound(to: ffi_closure.self)
        let status = ffi_prep_closure_loc(closure, interface.cif, handler, context, code)
        guard status == FFI_OK else {
            ffi_closure_free(memory)
            throw ForeignFunctionError(description: "libffi cannot make a function of \(signature): status \(status.rawValue)")
        }
        return code
    }

    /// Writes a result of 32 bits, as libffi wants it.
    @inline(__always)
    public static func setResult(_ result: UnsafeMutableRawPointer?, to status: Int32) {
        result?.storeBytes(of: ffi_sarg(status), as: ffi_sarg.self)
    }
}
