import Testing

@testable import PluginLoader

@Suite struct StampTests {
    /// The bytes of a stamp, as `kong_plugin.h` lays it out.
    private func bytes(size: UInt32 = 176, major: UInt16 = 1, minor: UInt16 = 0, count: Int = 176) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(count, 176))
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(index))) }
        bytes[4] = UInt8(major)
        bytes[6] = UInt8(minor)
        bytes[8] = 3
        bytes[9] = 1
        bytes.replaceSubrange(16..<21, with: "0.1.0".utf8)
        bytes.replaceSubrange(48..<59, with: "swift 6.3.1".utf8)
        return Array(bytes.prefix(count))
    }

    @Test func fieldsAreRead() throws {
        let stamp = try Stamp(bytes())
        #expect(stamp.versions == BuildVersions(abi: ABIVersion(major: 1, minor: 0), pdk: "0.1.0", toolchain: "swift 6.3.1"))
        #expect(stamp.language == .swift)
        #expect(stamp.statedRuntime == .selfContained)
    }

    @Test func longerStampOfNewerMinorIsReadAsFarAsKnown() throws {
        let stamp = try Stamp(bytes(size: 200, minor: 9, count: 204))
        #expect(stamp.versions.abi == ABIVersion(major: 1, minor: 9))
        #expect(stamp.versions.toolchain == "swift 6.3.1")
    }

    @Test func textWithoutNULEndsWithItsField() throws {
        var bytes = bytes()
        bytes.replaceSubrange(16..<48, with: repeatElement(UInt8(ascii: "9"), count: 32))
        #expect(try Stamp(bytes).versions.pdk == String(repeating: "9", count: 32))
    }

    @Test func ofAnotherMajorOnlyTheBeginningIsNeeded() throws {
        let stamp = try Stamp(bytes(size: 8, major: 2, count: 8))
        #expect(stamp.versions == BuildVersions(abi: ABIVersion(major: 2, minor: 0), pdk: "", toolchain: ""))
    }

    @Test(arguments: Array(0..<176))
    func shortStampIsRefused(count: Int) {
        #expect(throws: Stamp.Malformed.self) { try Stamp(bytes(count: count)) }
        #expect(throws: Stamp.Malformed.self) { try Stamp(bytes(size: UInt32(count), count: 176)) }
    }

    @Test func sizeBeyondTheNoteIsRefused() {
        #expect(throws: Stamp.Malformed.self) { try Stamp(bytes(size: .max)) }
        #expect(throws: Stamp.Malformed.self) { try Stamp(bytes(size: 177)) }
    }

    @Test(arguments: [UInt8(ascii: "\n"), 0x1b, 0x7f, 0xff])
    func textMustBePrintable(byte: UInt8) {
        var bytes = bytes()
        bytes[50] = byte
        #expect(throws: Stamp.Malformed.self) { try Stamp(bytes) }
    }
}
