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
/// would fail a plugin in Lua. `kong.response.exit` and `error` end the handler.
///
/// A `Kong` belongs to one event. It may be used from any task, also a detached one, until the handler has returned;
/// after that, calls throw `PDKError.Code.eventOver`.
// @unchecked Sendable: `task` and `isFinished` are used on the event's loop only; the rest never changes.
public final class Kong: @unchecked Sendable {
    /// The phase that is being handled.
    public let phase: Phase

    private let runtime: PluginRuntime
    private let event: kong_event
    private let executor: HandlerExecutor

    var task: Task<Void, Never>?
    var isFinished = false

    init(runtime: PluginRuntime, event: kong_event, phase: Phase, executor: HandlerExecutor) {
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
        let outcome = call(method, Self.noArguments, nil, nil)
        if outcome.status != kong_status(KONG_OK) { try retry(method, outcome) { body in body(Self.noArguments) } }
    }

    func queue(_ method: PDKMethod, _ a: some PDKArgument) throws(PDKError) {
        let outcome = PDKArguments.withBorrowed(a) { call(method, $0, nil, nil) }
        if outcome.status != kong_status(KONG_OK) {
            try retry(method, outcome) { body in PDKArguments.withBorrowed(a, body) }
        }
    }

    func queue(_ method: PDKMethod, _ a: some PDKArgument, _ b: some PDKArgument) throws(PDKError) {
        let outcome = PDKArguments.withBorrowed(a, b) { call(method, $0, nil, nil) }
        if outcome.status != kong_status(KONG_OK) {
            try retry(method, outcome) { body in PDKArguments.withBorrowed(a, b, body) }
        }
    }

    func queue(
        _ method: PDKMethod, _ a: some PDKArgument, _ b: some PDKArgument, _ c: some PDKArgument
    ) throws(PDKError) {
        let outcome = PDKArguments.withBorrowed(a, b, c) { call(method, $0, nil, nil) }
        if outcome.status != kong_status(KONG_OK) {
            try retry(method, outcome) { body in PDKArguments.withBorrowed(a, b, c, body) }
        }
    }

    package func queue(_ method: PDKMethod, _ values: [Value]) throws(PDKError) {
        let outcome = PDKArguments.withBorrowed(values) { call(method, $0, nil, nil) }
        if outcome.status != kong_status(KONG_OK) {
            try retry(method, outcome) { body in PDKArguments.withBorrowed(values, body) }
        }
    }

    private typealias Outcome = (status: kong_status, message: String)
    /// Lends a call's arguments, on whichever thread it is called.
    private typealias WithArguments = @Sendable ((BorrowedArguments) -> Outcome) -> Outcome

    // nonisolated(unsafe): it points to nothing.
    private nonisolated(unsafe) static let noArguments = BorrowedArguments(start: nil, count: 0)

    /// What becomes of a queued call that was not accepted: a detached task's is made again on the loop. There it cannot
    /// fail any more where it was made, so its failure goes to the log.
    private func retry(
        _ method: PDKMethod, _ outcome: Outcome, _ withArguments: @escaping WithArguments
    ) throws(PDKError) {
        guard outcome.status == kong_status(KONG_WRONG_THREAD) else {
            throw PDKError(status: outcome.status, method: method.rawValue, message: outcome.message)
        }
        let accepted = executor.run { [self] in
            let (status, message) = withArguments { call(method, $0, nil, nil) }
            if status != kong_status(KONG_OK) {
                note("\(PDKError(status: status, method: method.rawValue, message: message))")
            }
        }
        if !accepted { throw PDKError(.cancelled, method.rawValue, "the server is going down") }
    }

    // MARK: Calls with a result

    func ask(_ method: PDKMethod) async throws(PDKError) -> Answer {
        Answer(try await wait(for: method, Self.copied) { body in body(Self.noArguments) }, method)
    }

    func ask(_ method: PDKMethod, _ a: some PDKArgument) async throws(PDKError) -> Answer {
        Answer(try await wait(for: method, Self.copied) { body in PDKArguments.withBorrowed(a, body) }, method)
    }

    package func ask(_ method: PDKMethod, _ values: [Value]) async throws(PDKError) -> Value {
        try await wait(for: method, Self.copied) { body in PDKArguments.withBorrowed(values, body) }
    }

    private static let copied: PendingContent<Value>.Read = { (value) throws(PDKError) in Value(value) }

    /// Asks for headers or a query: no more than `max` of them.
    func ask(_ method: PDKMethod, max: Int, ignoringCase: Bool) async throws(PDKError) -> NamedValues {
        try check(max, in: 1...1000, method)
        return try await wait(
            for: method,
            { (value) throws(PDKError) in try NamedValues(value, ignoringCase: ignoringCase, of: method) }
        ) { body in PDKArguments.withBorrowed(max, body) }
    }

    /// Checks a number that Kong takes only from a range: outside of it Kong would fail the request, and the handler
    /// never hear why.
    func check(_ number: Int, in range: ClosedRange<Int>, _ method: PDKMethod) throws(PDKError) {
        try check(range.contains(number), method, "\(number) is not in \(range.lowerBound) … \(range.upperBound)")
    }

    /// The same for any other rule of Kong's.
    func check(_ isRight: Bool, _ method: PDKMethod, _ complaint: @autoclosure () -> String) throws(PDKError) {
        guard isRight else { throw PDKError(.badArgument, method.rawValue, complaint()) }
    }

    /// Kong's answer to a call, as `read` makes it of what Kong sent.
    private func wait<Content: Sendable>(
        for method: PDKMethod, _ read: @escaping PendingContent<Content>.Read, _ withArguments: @escaping WithArguments
    ) async throws(PDKError) -> Content {
        try await answer(to: method.rawValue, read) { [self] answer in
            withArguments { call(method, $0, PendingAnswer.complete, answer) }
        }
    }

    /// Waits until Kong has done all that is queued, and fails if it refused any of it.
    public func flush() async throws(PDKError) {
        let host = runtime.host
        let event = event
        nonisolated(unsafe) let immortal = host
        _ = try await answer(to: "kong.flush", Self.copied) { answer in
            (immortal.pointee.flush(immortal, event, PendingAnswer.complete, answer), "")
        }
    }

    private typealias Submit = @Sendable (_ answer: UnsafeMutableRawPointer) -> Outcome

    private func answer<Content: Sendable>(
        to name: String, _ read: @escaping PendingContent<Content>.Read, _ submit: @escaping Submit
    ) async throws(PDKError) -> Content {
        let result = await withUnsafeContinuation { continuation in
            begin(PendingContent(name, continuation, read: read), submit, mayMove: true)
        }
        return try result.get()
    }

    /// Submits a call; from another thread than the loop's, on the loop's.
    private func begin<Content>(_ answer: PendingContent<Content>, _ submit: @escaping Submit, mayMove: Bool) {
        let context = Unmanaged<PendingAnswer>.passRetained(answer)
        let (status, message) = submit(context.toOpaque())
        if status == kong_status(KONG_OK) { return }
        // Not accepted: the completion will not be called.
        context.release()
        if status == kong_status(KONG_WRONG_THREAD), mayMove {
            let accepted = executor.run { [self] in begin(answer, submit, mayMove: false) }
            if !accepted { answer.fail(KONG_CANCELLED, "the server is going down") }
            return
        }
        answer.fail(Int(status), message)
    }

    private func call(
        _ method: PDKMethod, _ arguments: BorrowedArguments, _ completion: kong_completion?,
        _ context: UnsafeMutableRawPointer?
    ) -> Outcome {
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
