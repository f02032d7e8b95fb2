// Unsafe pointers: a request is lent from the connection's input.

/// What a service's clients may ask, and what they are answered: one request and one answer to a connection. [loop]
public protocol Endpoint: AnyObject {
    /// A request may have so many bytes.
    var requestLimit: Int { get }
    /// Looks at all that has come so far.
    func take(_ request: UnsafeRawBufferPointer) -> Intake
    /// What is answered to more than `requestLimit` bytes.
    var answerToExcess: [UInt8] { get }
}

/// What a service makes of what has come.
public enum Intake {
    /// More is needed.
    case incomplete
    case answer([UInt8])
    /// The answer takes a while: the closure sees to it that its argument is called, once, on the service's loop.
    case later((_ answer: @escaping @Sendable ([UInt8]) -> Void) -> Void)
}
