// Unsafe pointers: dlopen's handle and the address that dlsym gives do not leave this file.

import Glibc

/// A library that is in this process already.
///
/// It matters since the dynamic linker looks here first: a library that is loaded under the SONAME that a plugin needs
/// is what the plugin gets, whatever its RUNPATH says.
enum LoadedLibrary {
    /// Whether the dynamic linker would give this to a library that needs `name`.
    static func isLoaded(_ name: String) -> Bool { handle(name) != nil }

    /// The file that a loaded library comes from, found by a symbol that only it defines. `nil` if it is not loaded,
    /// or if its file is gone.
    static func path(of name: String, defining symbol: String) -> String? {
        guard let handle = handle(name), let address = dlsym(handle, symbol),
            let maps = FileBytes.contents(ofProcFile: "/proc/self/maps")
        else { return nil }
        return path(at: UInt(bitPattern: address), inMaps: String(decoding: maps, as: UTF8.self))
    }

    /// RTLD_NOLOAD: nothing is loaded or run. It raises a count of references that we never lower, since nothing is
    /// ever unloaded here.
    private static func handle(_ name: String) -> UnsafeMutableRawPointer? {
        dlopen(name, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD)
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
