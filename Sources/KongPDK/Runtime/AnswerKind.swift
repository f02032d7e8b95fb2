// Unsafe pointers: an answer is read where it lies, before the host takes it back; a continuation goes through C as one.

import CKongPlugin

/// How an answer of Kong's is read: the completion that the host is given for a call.
///
/// Its context is the continuation of the task that waits, which is a pointer: waiting needs no memory.
struct AnswerKind<Content: Sendable> {
    typealias Continuation = UnsafeContinuation<Result<Content, PDKError>, Never>

    let completion: kong_completion

    func context(_ continuation: Continuation) -> UnsafeMutableRawPointer {
        unsafeBitCast(continuation, to: UnsafeMutableRawPointer.self)
    }
}

// C functions, which know nothing of generic types around them.

extension AnswerKind where Content == Value {
    static var value: AnswerKind { AnswerKind(completion: completeValue) }
}

extension AnswerKind where Content == NamedValues {
    static var headers: AnswerKind { AnswerKind(completion: completeHeaders) }
    static var query: AnswerKind { AnswerKind(completion: completeQuery) }
}

private let completeValue: kong_completion = {
    complete($0, $1, $2, $3) { (value) throws(PDKError) in Value(value) }
}

private let completeHeaders: kong_completion = {
    complete($0, $1, $2, $3) { (value) throws(PDKError) in try NamedValues(value, ignoringCase: true) }
}

private let completeQuery: kong_completion = {
    complete($0, $1, $2, $3) { (value) throws(PDKError) in try NamedValues(value, ignoringCase: false) }
}

/// Resumes the task that waits. Its errors do not know yet which call they are of.
private func complete<Content: Sendable>(
    _ context: UnsafeMutableRawPointer?, _ status: kong_status, _ result: UnsafePointer<kong_value>?, _ message: kong_string,
    _ read: (kong_value) throws(PDKError) -> Content
) {
    guard let context else { return }
    let continuation = unsafeBitCast(context, to: AnswerKind<Content>.Continuation.self)
    guard status == kong_status(KONG_OK) else {
        return continuation.resume(returning: .failure(PDKError(status: status, method: "", message: message.text)))
    }
    continuation.resume(returning: Result { () throws(PDKError) in try read(result?.pointee ?? kong_value()) })
}
