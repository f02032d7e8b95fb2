// Unsafe pointers: the strings and addresses that dynamic_linker_visit lends are copied at once.

import CDynamicLinker

/// A library that is in this process already.
///
/// It matters since the dynamic linker looks here first: a library that is loaded under the SONAME that a plugin needs
/// is what the plugin gets, whatever its RUNPATH says.
///
/// The dynamic linker is not asked by `dlopen(…, RTLD_NOLOAD)`: for a name that it does not know, that opens each file
/// that may be meant, before it finds that it is not loaded; and to open a FIFO is to wait for ever.
struct LoadedLibrary: Sendable {
    /// By which it was loaded.
    let path: String
    private let soname: String?
    private let address: UInt

    /// All of this process, now.
    static func all() -> [LoadedLibrary] {
        var libraries: [LoadedLibrary] = []
        withUnsafeMutablePointer(to: &libraries) { libraries in
            dynamic_linker_visit(
                { context, path, soname, address in
                    guard let libraries = context?.assumingMemoryBound(to: [LoadedLibrary].self), let path else { return 0 }
                    libraries.pointee.append(
                        LoadedLibrary(
                            path: String(cString: path), soname: soname.map { String(cString: $0) },
                            address: UInt(bitPattern: address)))
                    return 0
                }, libraries)
        }
        return libraries
    }

    /// Whether the dynamic linker would give this to a library that needs `name`.
    func answers(to name: String) -> Bool {
        guard !name.isEmpty else { return false }
        return name == soname || name == path || soname == nil && path.hasSuffix("/\(name)")
    }

    /// The file that it was mapped from, whatever is called by its path now. `nil` if that file is gone.
    var mappedFile: String? {
        FileBytes.contents(ofProcFile: "/proc/self/maps").flatMap {
            Self.path(at: address, inMaps: String(decoding: $0, as: UTF8.self))
        }
    }

    /// The path in a line of /proc/self/maps, `BEGIN-END PERMISSIONS OFFSET DEVICE INODE    PATH`.
    private static func path(at address: UInt, inMaps maps: String) -> String? {
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, let range = fields.first?.split(separator: "-"), range.count == 2,
                let begin = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16),
                begin <= address, address < end
            else { continue }
            let path = fields[5].drop { $0 == " " }
            return path.hasPrefix("/") && !path.hasSuffix(" (deleted)") ? String(path) : nil
        }
        return nil
    }
}
