import Foundation

package struct CommandFailed: Error {
    package let command: String
    package let output: String
}

/// Runs a command to its end, and returns what it wrote.
@discardableResult
package func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw CommandFailed(command: "\(program) \(arguments)", output: String(decoding: text, as: UTF8.self))
    }
    return String(decoding: text, as: UTF8.self)
}
