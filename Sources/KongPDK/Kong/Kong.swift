// Unsafe pointers: calls cross to the host here, and their answers come back.

import CKongPlugin

/// Kong, as a handler sees it: the request that is being handled, and what can be done to it.
///
///     let host = try await kong.request.header("host")             // asks Kong and waits for its answer
///     try kong.service.request.setHeader("x-host", host ?? "-")    // is queued, in order
///
/// **Calls with a result** are `async`: they send what is queued, then themselves, and wait. Several can be under
/// way at once (`async let`). **Calls without a result** are not waited for: they check their arguments, are queued,
/// and leave when the handler waits for something or returns. A queued call that Kong refuses fails the event, as it
/// would fail a plugin in Lua. `kong.response.exit` ends the handler.
///
/// A `Kong` belongs to one event. It may be used from any task, also a detached one, until the handler has returned;
/// after that, calls throw `PDKError.Code.eventOver`.
// @unchecked Sendable: `task` and `isFinished` are used on the event's loop only; the rest never changes.
public final class Kong: @unchecked Sendable {
    /// The phase that is being handled.
    public let phase: Phase

    private let runtime: PluginRuntime
    private let event: kong_event
    private let executor: LoopExecutor

    var task: Task<Void, Never>?
    var isFinished = false

    init(runtime: PluginRuntime, event: kong_event, phase: Phase, executor: LoopExecutor) {
        self.runtime = runtime
        self.event = event
        self.phase = phase
        self.executor = executor
    }

    /// The version of the compiler that built the plugin, as "6.3.1".
    public var swiftVersion: String { String(cString: kong_swift_version()) }

    func cancel() {
        task?.cancel()
    }

    // MARK: Calls without a result

    func queue(_ method: PDKMethod) throws(PDKError) {
        try queue(method, BorrowedArguments(start: nil, count: 0), copy: { [] })
    }

    func queue(_ method: PDKMethod, _ a: some PDKArgument) throws(PDKError) {
        try PDKArguments.withBorrowed(a) { borrowed in
            Result { () throws(PDKError) in try queue(method, borrowed, copy: { [a.copied] }) }
        }.get()
    }

    func queue(_ method: PDKMethod, _ a: some PDKArgument, _ b: some PDKArgument) throws(PDKError) {
        try PDKArguments.withBorrowed(a, b) { borrowed in
            Result { () throws(PDKError) in try queue(method, borrowed, copy: { [a.copied, b.copied] }) }
        }.get()
    }

    func queue(_ method: PDKMethod, _ values: [Value]) throws(PDKError) {
        try PDKArguments.withBorrowed(values) { borrowed in
            Result { () throws(PDKError) in try queue(method, borrowed, copy: { values }) }
        }.get()
    }

    private func queue(
        _ method: PDKMethod, _ arguments: BorrowedArguments, copy: () -> [Value]
    ) throws(PDKError) {
        let (status, message) = call(method, arguments, nil, nil)
        if status == kong_status(KONG_WRONG_THREAD) {
            // A detached task. The call cannot fail any more where it was made, so its failure goes to the log.
            let values = copy()
            let accepted = executor.onLoop { [self] in
                let (status, message) = PDKArguments.withBorrowed(values) { call(method, $0, nil, nil) }
                if status != kong_status(KONG_OK) {
                    note("\(PDKError(status: status, method: method.rawValue, message: message))")
                }
            }
            if !accepted { throw PDKError(.cancelled, method.rawValue, "the server is going down") }
            return
        }
        guard status == kong_status(KONG_OK) else {
            throw PDKError(status: status, method: method.rawValue, message: message)
        }
    }

    // MARK: Calls with a result

    func ask(_ method: PDKMethod) async throws(PDKError) -> Value {
        try await wait(for: method) { body in body(BorrowedArguments(start: nil, count: 0)) }
    }

    func ask(_ method: PDKMethod, _ a: some PDKArgument & Sendable) async throws(PDKError) -> Value {
        try await wait(for: method) { body in PDKArguments.withBorrowed(a, body) }
    }

    private typealias Submit = @Sendable (_ answer: UnsafeMutableRawPointer) -> (status: kong_status, message: String)

    /// Asks with a number that Kong takes only from a range: outside of it Kong would fail the request, and the handler
    /// never hear why.
    func ask(_ method: PDKMethod, _ number: Int, in range: ClosedRange<Int>) async throws(PDKError) -> Value {
        try check(number, in: range, method)
        return try await ask(method, number)
    }

    func check(_ number: Int, in range: ClosedRange<Int>, _ method: PDKMethod) throws(PDKError) {
        guard range.contains(number) else {
            throw PDKError(.badArgument, method.rawValue, "\(number) is not in \(range.lowerBound) … \(range.upperBound)")
        }
    }

    /// Kong's answer to a call. `withArguments` lends the arguments, on whichever thread it is called.
    private func wait(
        for method: PDKMethod,
        _ withArguments: @escaping @Sendable ((BorrowedArguments) -> (kong_status, String)) -> (kong_status, String)
    ) async throws(PDKError) -> Value {
        try await answer(to: method.rawValue) { [self] answer in
            withArguments { call(method, $0, PendingAnswer.complete, answer) }
        }
    }

    /// Waits until Kong has done all that is queued, and fails if it refused any of it.
    public func flush() async throws(PDKError) {
        let host = runtime.host
        let event = event
        nonisolated(unsafe) let immortal = host
        _ = try await answer(to: "kong.flush") { answer in
            (immortal.pointee.flush(immortal, event, PendingAnswer.complete, answer), "")
        }
    }

    private func answer(to name: String, _ submit: @escaping Submit) async throws(PDKError) -> Value {
        let result = await withUnsafeContinuation { continuation in
            begin(PendingAnswer(name, continuation), submit, mayMove: true)
        }
        return try result.get()
    }

    /// Submits a call; from another thread than the loop's, on the loop's.
    private func begin(_ answer: PendingAnswer, _ submit: @escaping Submit, mayMove: Bool) {
        let context = Unmanaged.passRetained(answer)
        let (status, message) = submit(context.toOpaque())
        if status == kong_status(KONG_OK) { return }
        // Not accepted: the completion will not be called.
        context.release()
        if status == kong_status(KONG_WRONG_THREAD), mayMove {
            let accepted = executor.onLoop { [self] in begin(answer, submit, mayMove: false) }
            if !accepted { answer.fail(kong_status(KONG_CANCELLED), "the server is going down") }
            return
        }
        answer.fail(status, message)
    }

    private func call(
        _ method: PDKMethod, _ arguments: BorrowedArguments, _ completion: kong_completion?,
        _ context: UnsafeMutableRawPointer?
    ) -> (kong_status, String) {
        let handle = runtime.handle(of: method)
        guard handle != 0 else { return (kong_status(KONG_UNKNOWN_METHOD), "this server does not know it") }
        var message = kong_string()
        let host = runtime.host
        let status = host.pointee.call(
            host, event, handle, arguments.baseAddress, arguments.count, completion, context, &message)
        return (status, status == kong_status(KONG_OK) ? "" : message.text)
    }

    private func note(_ text: String) {
        let host = runtime.host
        text.withKongString { host.pointee.log(host, kong_log_level(KONG_LOG_ERROR), $0) }
    }
}

/// A call that waits for Kong's answer.
// @unchecked Sendable: made by one task and completed once, by the loop, after it has been handed over.
private final class PendingAnswer: @unchecked Sendable {
    private let name: String
    private let continuation: UnsafeContinuation<Result<Value, PDKError>, Never>

    /// - Parameter name: what errors call it.
    init(_ name: String, _ continuation: UnsafeContinuation<Result<Value, PDKError>, Never>) {
        self.name = name
        self.continuation = continuation
    }

    func fail(_ status: kong_status, _ message: String) {
        continuation.resume(returning: .failure(PDKError(status: status, method: name, message: message)))
    }

    static let complete: kong_completion = { context, status, result, message in
        guard let context else { return }
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context).takeRetainedValue()
        guard status == kong_status(KONG_OK) else { return answer.fail(status, message.text) }
        answer.continuation.resume(returning: .success(result.map { Value($0.pointee) } ?? .nil))
    }
}
