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
// @unchecked Sendable: `task` is used on the event's loop only; the rest changes only while nobody else has this (`reuse`).
public final class Kong: @unchecked Sendable {
    /// The phase that is being handled.
    public private(set) var phase: Phase

    private let runtime: PluginRuntime
    private var event: kong_event
    private let executor: HandlerExecutor

    /// Which runs the handler.
    var task: Task<Void, Never>?

    init(runtime: PluginRuntime, event: kong_event, phase: Phase, executor: HandlerExecutor) {
        self.runtime = runtime
        self.event = event
        self.phase = phase
        self.executor = executor
    }

    /// Begins to belong to another event: allowed to whoever is the only one that has this.
    func reuse(for event: kong_event, _ phase: Phase) {
        self.event = event
        self.phase = phase
    }

    /// The version of the compiler that built the plugin, as "6.3.1".
    public var swiftVersion: String { String(cString: kong_swift_version()) }

    func cancel() {
        task?.cancel()
    }

    // MARK: Calls without a result

    func queue(_ method: PDKMethod) throws(PDKError) { try queue(method, with: NoArguments()) }

    func queue(_ method: PDKMethod, _ a: some PDKArgument) throws(PDKError) {
        try queue(method, with: OneArgument(a: a))
    }

    func queue(_ method: PDKMethod, _ a: some PDKArgument, _ b: some PDKArgument) throws(PDKError) {
        try queue(method, with: TwoArguments(a: a, b: b))
    }

    func queue(
        _ method: PDKMethod, _ a: some PDKArgument, _ b: some PDKArgument, _ c: some PDKArgument
    ) throws(PDKError) {
        try queue(method, with: ThreeArguments(a: a, b: b, c: c))
    }

    package func queue(_ method: PDKMethod, _ values: [Value]) throws(PDKError) {
        try queue(method, with: ManyArguments(values: values))
    }

    private func queue(_ method: PDKMethod, with arguments: some PDKArguments) throws(PDKError) {
        let outcome = arguments.lend { call(method, $0, nil, nil) }
        if outcome.status == kong_status(KONG_OK) { return }
        guard outcome.status == kong_status(KONG_WRONG_THREAD) else {
            throw PDKError(status: outcome.status, method: method.rawValue, message: outcome.message)
        }
        // A detached task's: made again on the loop. There it cannot fail any more where it was made, so its failure goes
        // to the log.
        let accepted = executor.run { [self] in
            let (status, message) = arguments.lend { call(method, $0, nil, nil) }
            if status != kong_status(KONG_OK) {
                note("\(PDKError(status: status, method: method.rawValue, message: message))")
            }
        }
        if !accepted { throw PDKError(.cancelled, method.rawValue, "the server is going down") }
    }

    // MARK: Calls with a result

    func ask(_ method: PDKMethod) async throws(PDKError) -> Answer {
        Answer(try await answer(to: method, .value, NoArguments()), method)
    }

    func ask(_ method: PDKMethod, _ a: some PDKArgument) async throws(PDKError) -> Answer {
        Answer(try await answer(to: method, .value, OneArgument(a: a)), method)
    }

    package func ask(_ method: PDKMethod, _ values: [Value]) async throws(PDKError) -> Value {
        try await answer(to: method, .value, ManyArguments(values: values))
    }

    /// Asks for headers or a query: no more than `max` of them.
    func ask(_ method: PDKMethod, max: Int, _ kind: AnswerKind<NamedValues>) async throws(PDKError) -> NamedValues {
        try check(max, in: 1...1000, method)
        return try await answer(to: method, kind, OneArgument(a: max))
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

    /// Waits until Kong has done all that is queued, and fails if it refused any of it.
    public func flush() async throws(PDKError) {
        _ = try await answer(to: Flush(), .value, called: "kong.flush")
    }

    /// Kong's answer to a call, as `kind` makes it of what Kong sent.
    private func answer<Content>(
        to method: PDKMethod, _ kind: AnswerKind<Content>, _ arguments: some PDKArguments
    ) async throws(PDKError) -> Content {
        try await answer(to: MethodCall(method: method, arguments: arguments), kind, called: method.rawValue)
    }

    private func answer<Content>(
        to request: some HostRequest, _ kind: AnswerKind<Content>, called name: @autoclosure () -> String
    ) async throws(PDKError) -> Content {
        let result = await withUnsafeContinuation { submit(request, kind, $0, mayMove: true) }
        do throws(PDKError) { return try result.get() } catch { throw error.of(name()) }
    }

    /// Makes a request; from another thread than the loop's, on the loop's.
    private func submit<Content>(
        _ request: some HostRequest, _ kind: AnswerKind<Content>, _ continuation: AnswerKind<Content>.Continuation, mayMove: Bool
    ) {
        let (status, message) = request.submit(to: self, kind.completion, kind.context(continuation))
        // Not accepted: the completion will not be called.
        if status == kong_status(KONG_OK) { return }
        if status == kong_status(KONG_WRONG_THREAD), mayMove {
            let accepted = executor.run { [self] in submit(request, kind, continuation, mayMove: false) }
            if !accepted { continuation.resume(returning: .failure(PDKError(.cancelled, "", "the server is going down"))) }
            return
        }
        continuation.resume(returning: .failure(PDKError(status: status, method: "", message: message)))
    }

    // MARK: The host

    private typealias Outcome = (status: kong_status, message: String)

    /// What the host answers with a completion.
    private protocol HostRequest: Sendable {
        func submit(to kong: Kong, _ completion: kong_completion, _ context: UnsafeMutableRawPointer) -> Outcome
    }

    private struct MethodCall<Arguments: PDKArguments>: HostRequest {
        let method: PDKMethod
        let arguments: Arguments

        func submit(to kong: Kong, _ completion: kong_completion, _ context: UnsafeMutableRawPointer) -> Outcome {
            arguments.lend { kong.call(method, $0, completion, context) }
        }
    }

    private struct Flush: HostRequest {
        func submit(to kong: Kong, _ completion: kong_completion, _ context: UnsafeMutableRawPointer) -> Outcome {
            let host = kong.runtime.host
            return (host.pointee.flush(host, kong.event, completion, context), "")
        }
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
