// Unsafe pointers: calls of plugins come in here, and go to the host.

import CKongPlugin
import PDKCatalogue
import WireProtocol

/// One function of kong_pdk.h: takes a call's arguments in, makes the call through the host, and gives its result back.
///
/// It knows the host only by its ABI: what may be called when, on which thread, is the host's to say.
final class NativeCall: Sendable {
    private let method: NativeMethod
    private let handle: kong_method
    private let endsEvent: Bool
    /// Whether one of its parameters, which can all be left out, must be there.
    private let needsOne: Bool

    /// What a body may have if the plugin does not say otherwise, as for plugins in Swift: 64 MiB.
    private static let bodyLimit: Int64 = 64 * 1024 * 1024
    /// More arguments than this are a mistake.
    private static let argumentLimit = 1000

    init(_ method: NativeMethod) {
        self.method = method
        handle = method.method.id.rawValue
        endsEvent = method.method.endsEvent
        needsOne =
            method.parameters.count > 1
            && method.parameters.allSatisfy { parameter in
                if case .map = parameter.kind { parameter.isOptional } else { false }
            }
    }

    // MARK: A call

    func run(_ arguments: CArguments) -> kong_status {
        var arguments = arguments
        do throws(NativeFailure) {
            let pdk = try Self.event(arguments.takePointer()?.assumingMemoryBound(to: kong_pdk.self))
            try run(pdk, &arguments)
            return kong_status(KONG_OK)
        } catch {
            ThreadMessage.set("\(method.method.name): \(error.reason)")
            return error.status
        }
    }

    /// The object of an event that may still be running. Nothing of it is touched before it is known to be one.
    private static func event(_ pdk: UnsafePointer<kong_pdk>?) throws(NativeFailure) -> UnsafePointer<kong_pdk> {
        guard let pdk else { throw NativeFailure(KONG_BAD_ARGUMENT, "kong is NULL") }
        guard NativeObjects.shared?.contains(pdk) == true else {
            throw NativeFailure(KONG_BAD_ARGUMENT, "kong is not what the handler was given")
        }
        guard pdk.pointee.event != 0 else { throw NativeFailure(KONG_EVENT_OVER, "the event is over") }
        return pdk
    }

    private func run(_ pdk: UnsafePointer<kong_pdk>, _ arguments: inout CArguments) throws(NativeFailure) {
        let parameters = method.parameters
        if let last = parameters.last, case .values = last.kind {
            return try submit(pdk, arguments.values(of: last))
        }
        // At most as many as the catalogue has room for.
        var values: (kong_value, kong_value, kong_value, kong_value, kong_value, kong_value, kong_value, kong_value) =
            (.null, .null, .null, .null, .null, .null, .null, .null)
        let failure = withUnsafeMutableBytes(of: &values) { bytes -> NativeFailure? in
            let values = bytes.bindMemory(to: kong_value.self)
            do throws(NativeFailure) {
                let count = try fill(values, &arguments)
                try finish(pdk, UnsafeBufferPointer(rebasing: values[..<count]), &arguments)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Takes in the arguments; those that are left out at the end are none.
    private func fill(
        _ values: UnsafeMutableBufferPointer<kong_value>, _ arguments: inout CArguments
    ) throws(NativeFailure) -> Int {
        var count = 0
        for (index, parameter) in method.parameters.enumerated() {
            var value = try arguments.value(of: parameter)
            if value == nil, case .body? = method.result { value = kong_value(Self.bodyLimit) }
            guard let value else { continue }
            for missing in count..<index { values[missing] = try stand(inFor: method.parameters[missing]) }
            if index > 0, values[index - 1].type == KongType.null, value.type != KongType.null {
                try checkNil(at: index - 1)
            }
            values[index] = value
            count = index + 1
        }
        if needsOne, count == 0 {
            throw NativeFailure(KONG_BAD_ARGUMENT, "neither \(method.parameters.map(\.name).joined(separator: " nor ")) is there")
        }
        return count
    }

    /// What is sent for an argument that is left out before one that is there.
    private func stand(inFor parameter: NativeParameter) throws(NativeFailure) -> kong_value {
        switch parameter.kind {
        case .bytes where endsEvent, .text where endsEvent: return kong_value(kong_string())
        case .map where needsOne: return kong_value()
        case .text, .bytes, .integer, .number, .boolean, .value, .values, .map:
            throw NativeFailure(KONG_BAD_ARGUMENT, "\(parameter.name) is left out, and what comes after it is not")
        }
    }

    private func checkNil(at index: Int) throws(NativeFailure) {
        if needsOne { return }
        throw NativeFailure(
            KONG_BAD_ARGUMENT,
            "\(method.parameters[index].name) is nil, and what comes after it is not: Kong's Lua would lose that")
    }

    private func finish(
        _ pdk: UnsafePointer<kong_pdk>, _ values: UnsafeBufferPointer<kong_value>, _ arguments: inout CArguments
    ) throws(NativeFailure) {
        guard let result = method.result else { return try submit(pdk, values) }
        let places = try ResultPlaces(result, &arguments)
        let host = try Self.waitingHost(pdk)
        var answer = try Self.answer(host, pdk.pointee.event, handle, values)
        if case .body = result, answer.status == kong_status(KONG_UNSUPPORTED), !values.isEmpty {
            // ProtoBuf:1 has no room for the limit, and Kong answers with the file's path instead.
            answer = try Self.answer(host, pdk.pointee.event, handle, UnsafeBufferPointer(rebasing: values[..<0]))
        }
        guard answer.status == kong_status(KONG_OK) else { throw NativeFailure(status: answer.status, answer.message) }
        guard let objects = NativeObjects.shared else { return }
        let limit = values.first?.integerIfAny ?? Self.bodyLimit
        try places.write(answer.value, of: method.method, bodyLimit: limit, in: objects.arena(of: pdk))
    }

    // MARK: To the host

    /// A call without a result: it is queued.
    private func submit(_ pdk: UnsafePointer<kong_pdk>, _ values: UnsafeBufferPointer<kong_value>) throws(NativeFailure) {
        guard values.count <= Self.argumentLimit else {
            throw NativeFailure(KONG_BAD_ARGUMENT, "more than \(Self.argumentLimit) arguments")
        }
        guard let host = pdk.pointee.host else { throw NativeFailure(KONG_EVENT_OVER, "the event is over") }
        var message = kong_string()
        let status = host.pointee.call(host, pdk.pointee.event, handle, values.baseAddress, values.count, nil, nil, &message)
        if status != kong_status(KONG_OK) { throw NativeFailure(status: status, reason(message)) }
    }

    /// The host puts the method's name before its reasons, where it knows it.
    private func reason(_ message: kong_string) -> String { Self.reason(message, of: method.method.name) }

    private static func reason(_ message: kong_string, of name: String) -> String {
        let text = message.text
        if text.hasPrefix("\(name): ") { return String(text.dropFirst(name.count + 2)) }
        return text.hasPrefix("\(name) ") ? String(text.dropFirst(name.count + 1)) : text
    }

    private struct Answer {
        var isThere = false
        var status = kong_status(KONG_FAILED)
        var value = kong_value()
        var message = ""

        static let complete: kong_completion = { context, status, result, message in
            guard let answer = context?.assumingMemoryBound(to: Answer.self) else { return }
            answer.pointee.isThere = true
            answer.pointee.status = status
            answer.pointee.message = message.text
            if let result { answer.pointee.value = result.pointee }
        }
    }

    /// The host, if this is a thread on which one can wait for Kong.
    private static func waitingHost(_ pdk: UnsafePointer<kong_pdk>) throws(NativeFailure) -> UnsafePointer<kong_host> {
        guard let host = pdk.pointee.host else { throw NativeFailure(KONG_EVENT_OVER, "the event is over") }
        guard host.pointee.current_loop(host) == KONG_NO_LOOP else {
            throw NativeFailure(
                KONG_WRONG_THREAD, "it waits for Kong, and this is an event loop; only a plugin with KONG_PLUGIN_BLOCKING may wait")
        }
        return host
    }

    /// Calls and waits: on a thread of a blocking plugin the answer is there when the host returns.
    private static func answer(
        _ host: UnsafePointer<kong_host>, _ event: kong_event, _ handle: kong_method,
        _ values: UnsafeBufferPointer<kong_value>
    ) throws(NativeFailure) -> Answer {
        var answer = Answer()
        var message = kong_string()
        let status = withUnsafeMutablePointer(to: &answer) {
            host.pointee.call(host, event, handle, values.baseAddress, values.count, Answer.complete, $0, &message)
        }
        if status == kong_status(KONG_OK) {
            guard answer.isThere else { throw NativeFailure(KONG_FAILED, "the host has not waited for Kong") }
        } else {
            answer.status = status
            answer.message = message.text
        }
        if let name = PDKCatalogue[MethodID(rawValue: handle)]?.name {
            answer.message.withKongString { answer.message = reason($0, of: name) }
        }
        return answer
    }

    /// `kong->flush`.
    static func flush(_ pdk: UnsafePointer<kong_pdk>?) -> kong_status {
        do throws(NativeFailure) {
            let pdk = try event(pdk)
            let host = try waitingHost(pdk)
            var answer = Answer()
            let status = withUnsafeMutablePointer(to: &answer) {
                host.pointee.flush(host, pdk.pointee.event, Answer.complete, $0)
            }
            if status != kong_status(KONG_OK) { throw NativeFailure(untold: status) }
            if answer.status != kong_status(KONG_OK) { throw NativeFailure(status: answer.status, answer.message) }
            return kong_status(KONG_OK)
        } catch {
            ThreadMessage.set("kong.flush: \(error.reason)")
            return error.status
        }
    }
}
