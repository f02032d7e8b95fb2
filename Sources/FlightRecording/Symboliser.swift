// Unsafe pointers: a name that the Swift runtime has allocated.

import CFlightRecorder
import Glibc
import PluginLoader

/// Says which functions the addresses of a crash are in: from the symbol tables of the files, as they are now, or as somebody
/// has kept them.
public struct Symboliser {
    /// A file that is known to a process by a path that may lead to another by now.
    public struct Substitute {
        /// For people.
        let name: String
        /// Where it can be read.
        let path: String

        public init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }

    private let substitutes: [String: Substitute]
    private var tables: [String: FunctionTable?] = [:]

    /// - Parameter substitutes: for files, by the paths that the process knew them by.
    public init(_ substitutes: [String: Substitute] = [:]) {
        self.substitutes = substitutes
    }

    /// A line for each frame: the function, and the file with the address in it.
    public mutating func lines(of frames: [Frame]) -> [String] {
        frames.map { frame in
            guard let path = frame.path else { return "0x\(String(frame.address, radix: 16))" }
            let place = "\(substitutes[path]?.name ?? path) + 0x\(String(frame.offset, radix: 16))"
            guard let function = function(of: frame, in: path) else { return place }
            return "\(function) in \(place)"
        }
    }

    private mutating func function(of frame: Frame, in path: String) -> String? {
        let table: FunctionTable?
        if let known = tables[path] {
            table = known
        } else {
            table = try? FunctionTable(path: substitutes[path]?.path ?? path)
            tables[path] = .some(table)
        }
        // A function that never returns may be called by the last instruction of another.
        return table?.function(at: frame.isReturn ? frame.offset &- 1 : frame.offset).map(Self.demangled)
    }

    private static func demangled(_ name: String) -> String {
        guard let text = flight_demangle(name) else { return name }
        defer { free(text) }
        return String(cString: text)
    }
}
