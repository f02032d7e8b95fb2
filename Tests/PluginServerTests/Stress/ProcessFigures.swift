import Foundation
import TestSupport

/// What a process has of its system, as /proc tells.
struct ProcessFigures: CustomStringConvertible {
    let descriptors: Int
    let threads: Int
    /// Its own memory, in KiB: without files that are mapped.
    let anonymousKiB: Int
    /// Processes that it has started and that have not been waited for.
    let children: [pid_t]

    init(_ pid: pid_t) throws {
        let files = FileManager.default
        guard let open = try? files.contentsOfDirectory(atPath: "/proc/\(pid)/fd"),
            let tasks = try? files.contentsOfDirectory(atPath: "/proc/\(pid)/task"),
            let status = files.contents(atPath: "/proc/\(pid)/status").map({ String(decoding: $0, as: UTF8.self) })
        else { throw TestFailure("process \(pid) is gone") }
        descriptors = open.count
        threads = tasks.count
        children = tasks.flatMap { task in
            let text = files.contents(atPath: "/proc/\(pid)/task/\(task)/children").map { String(decoding: $0, as: UTF8.self) }
            return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
        }
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        guard let kiB = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw TestFailure("process \(pid) has no RssAnon")
        }
        anonymousKiB = kiB
    }

    var description: String { "\(descriptors) descriptors, \(threads) threads, \(anonymousKiB) KiB, children \(children)" }

    /// The processor time that a process has used, all its threads together.
    static func processorTime(of pid: pid_t) throws -> Duration {
        guard let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map({ String(decoding: $0, as: UTF8.self) }),
            // The name, in parentheses, may have anything in it.
            let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 12,
            let user = Int(fields[11]), let system = Int(fields[12])
        else { throw TestFailure("process \(pid) is gone") }
        return .seconds(user + system) / sysconf(Int32(_SC_CLK_TCK))
    }
}
