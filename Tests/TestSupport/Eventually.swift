import Foundation

/// Looks again and again whether something has come true.
package func eventually(within limit: Duration = .seconds(30), _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(2000)
    }
    return false
}

/// The same where no thread may be kept waiting.
package func eventually(
    within limit: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        // A task that is cancelled looks without a pause.
        try? await Task.sleep(for: .milliseconds(2))
    }
    return false
}
