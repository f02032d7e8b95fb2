// Unsafe pointers: a name that the Swift runtime has allocated.

import CFlightRecorder
import Glibc
import PluginLoader

/// Says which functions the addresses of a crash are in: from the symbol tables of the files, as they are now.
public struct Symboliser {
    private var tables: [String: FunctionTable?] = [:]

    public init() {}

    /// A line for each frame: the function, and the file with the address in it.
    public mutating func lines(of frames: [Frame]) -> [String] {
        frames.map { frame in
            guard let path = frame.path else { return "0x\(String(frame.address, radix: 16))" }
            let place = "\(path) + 0x\(String(frame.offset, radix: 16))"
            guard let function = function(of: frame, in: path) else { return place }
            return "\(function) in \(place)"
        }
    }

    private mutating func function(of frame: Frame, in path: String) -> String? {
        let table: FunctionTable?
        if let known = tables[path] {
            table = known
        } else {
            table = try? FunctionTable(path: path)
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
