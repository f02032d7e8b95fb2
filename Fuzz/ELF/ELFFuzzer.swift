// Unsafe pointers: libFuzzer's input.

import Glibc

/// The file that the reader is given: the same for all inputs, in memory and without a name.
private let descriptor: CInt = {
    var path = Array("/dev/shm/elf-fuzzer-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0, unlink(path) == 0 else { fatalError("cannot make a file in /dev/shm") }
    return descriptor
}()

/// Called by libFuzzer for each input: every function of the reader, over the bytes of a file. All that it may do is
/// return, or throw `ELFError`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzELF(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, data, size, 0) == size else { return 0 }
    let path = "/proc/self/fd/\(descriptor)"
    _ = LinkerCache(path: path).path(of: "libc.so.6")

    guard let file = try? FileBytes(path: path) else { return 0 }
    _ = (try? file.read(at: 0, count: ELFIdentity.size)).flatMap(ELFIdentity.init).map { $0.machineDescription + $0.typeName }
    guard let image = try? ELFImage(file) else { return 0 }
    for note in image.notes() { _ = try? Stamp(note.description) }
    _ = image.buildID
    _ = try? ToolchainFingerprint.all(in: image)
    for name in ["kong_plugin_open", "kong_plugin_abi", ""] {
        guard let symbol = try? image.symbol(named: name) else { continue }
        _ = symbol.kind
        _ = try? image.note(at: symbol.address)
    }
    _ = SymbolVersion.highest(of: ((try? image.neededVersions()) ?? []).map(\.version)).values.sorted()
    _ = SymbolVersion.highest(of: (try? image.definedVersions()) ?? [])
    return 0
}
