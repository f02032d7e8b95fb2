import Testing

@testable import PluginLoader

/// Files with a few bytes changed: whatever they say, the check ends, in a plugin or in a refusal.
@Suite struct MutationTests {
    /// Numbers at which arithmetic goes wrong.
    private static let edges: [UInt64] = [
        0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_fff8,
        .max,
    ]

    @Test(arguments: [(1 as UInt64, "-Wl,--hash-style=gnu"), (2, "-Wl,--hash-style=sysv")])
    func changedFileIsJudged(seed: UInt64, argument: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("sample.so")
        let whole = CSource.bytes(of: CSource(), argument)
        var random = SeededNumbers(seed: seed)
        var outcomes: [LoadError.Code?: Int] = [:]

        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // Most of what is read stands in the first kilobyte, in the dynamic segment, or at the end.
                let region =
                    [0..<64, 0..<1024, 0..<bytes.count, bytes.count * 3 / 4..<bytes.count].randomElement(using: &random) ?? 0..<64
                let place = Int.random(in: region, using: &random)
                if Bool.random(using: &random) {
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                } else {
                    let value = Self.edges.randomElement(using: &random) ?? 0
                    let size = [2, 4, 8].randomElement(using: &random) ?? 8
                    for index in 0..<size where (place & ~7) + index < bytes.count {
                        bytes[(place & ~7) + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
                    }
                }
            }
            try directory.write(bytes, to: "sample.so")
            let error = refusal(of: path)
            outcomes[error?.code, default: 0] += 1
            #expect((error?.description.split(separator: "\n").count ?? 3) == 3)
        }
        // It would prove little if all had ended at the same check.
        for code in [nil, .notELF, .wrongMachine, .notALibrary, .truncated, .badELF] as [LoadError.Code?] {
            #expect(outcomes[code, default: 0] > 10, "\(String(describing: code)): \(outcomes)")
        }
    }

    /// The same for what is read of a Swift plugin's runtime and of notes: every function of the reader, on each file.
    @Test func changedFileIsReadToItsEnd() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("sample.so")
        var random = SeededNumbers(seed: 3)
        var read = 0
        for _ in 0..<2000 {
            var bytes = CSource.goodBytes
            for _ in 0..<3 {
                bytes[Int.random(in: 64..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try directory.write(bytes, to: "sample.so")
            guard let image = try? ELFImage(FileBytes(path: path)) else { continue }
            _ = image.notes()
            _ = image.buildID
            _ = try? image.neededVersions()
            _ = try? image.definedVersions()
            _ = try? image.comments()
            _ = try? ToolchainFingerprint.all(in: image)
            _ = try? image.symbol(named: "kong_plugin_open")
            _ = try? image.symbol(named: "no such symbol")
            read += 1
        }
        #expect(read > 500)
    }
}
