import Glibc

/// A system call that failed: which, on what, and the kernel's reason.
public struct SystemError: Error, CustomStringConvertible {
    public let call: String
    public let subject: String
    public let code: Int32

    public init(_ call: String, _ subject: String = "", code: Int32 = errno) {
        self.call = call
        self.subject = subject
        self.code = code
    }

    public var reason: String { String(cString: strerror(code)) }

    public var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }
}
