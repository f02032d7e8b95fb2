// Unsafe pointers: an answer is read where it lies, before the host takes it back.

import CKongPlugin

/// A call that waits for Kong's answer: what the host's completion is given.
class PendingAnswer {
    /// What errors call it.
    let name: String

    init(_ name: String) { self.name = name }

    func succeed(_ result: kong_value) {}

    func fail(_ error: PDKError) {}

    final func fail(_ status: Int, _ message: String) {
        fail(PDKError(status: kong_status(status), method: name, message: message))
    }

    static let complete: kong_completion = { context, status, result, message in
        guard let context else { return }
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context).takeRetainedValue()
        guard status == kong_status(KONG_OK) else {
            return answer.fail(PDKError(status: status, method: answer.name, message: message.text))
        }
        answer.succeed(result?.pointee ?? kong_value())
    }
}

/// One that makes a `Content` of the answer.
// @unchecked Sendable: made by one task and completed once, by the loop, after it has been handed over.
final class PendingContent<Content: Sendable>: PendingAnswer, @unchecked Sendable {
    typealias Read = @Sendable (kong_value) throws(PDKError) -> Content

    private let read: Read
    private let continuation: UnsafeContinuation<Result<Content, PDKError>, Never>

    init(_ name: String, _ continuation: UnsafeContinuation<Result<Content, PDKError>, Never>, read: @escaping Read) {
        self.read = read
        self.continuation = continuation
        super.init(name)
    }

    override func succeed(_ result: kong_value) {
        continuation.resume(returning: Result { () throws(PDKError) in try read(result) })
    }

    override func fail(_ error: PDKError) {
        continuation.resume(returning: .failure(error))
    }
}
