// Unsafe pointers: reads the `kong_plugin` that a plugin returned, no farther than the sizes in it allow.

import CKongPlugin

/// What a plugin's descriptor says, checked against `kong_plugin.h`.
struct Descriptor {
    let version: String
    let priority: Int32
    let phases: Phases
    let isBlocking: Bool
    /// A map.
    let configSchema: UnsafePointer<kong_value>

    /// What is wrong with one.
    struct Invalid: Error {
        let found: String
        let wanted: String
        let fix: String
    }

    static let longestMessage = 4096
    /// `sizeof(kong_plugin)` in ABI 1.0.
    private static let smallestSize = 96
    private static let longestVersion = 64
    private static let knownFlags = UInt32(KONG_PLUGIN_BLOCKING)

    /// Checks the descriptor of the plugin in the file for `name`.
    init(_ pointer: UnsafePointer<kong_plugin>, name: PluginName) throws(Invalid) {
        let alignment = MemoryLayout<kong_plugin>.alignment
        guard UInt(bitPattern: pointer) % UInt(alignment) == 0 else {
            throw Invalid(
                found: "a descriptor at an odd address", wanted: "needs it aligned to \(alignment) bytes",
                fix: "return a pointer to a kong_plugin")
        }
        // The size before all else: the rest may not be there. A plugin whose ABI is not newer than ours has no
        // larger one than we have.
        let size = Int(UnsafeRawPointer(pointer).load(as: UInt32.self))
        let sizes = Self.smallestSize...MemoryLayout<kong_plugin>.size
        guard sizes.contains(size) else {
            throw Invalid(
                found: "a descriptor of \(size) bytes", wanted: "one of ABI \(ABIVersion.host) has \(sizes.upperBound)",
                fix: "set its size to sizeof(kong_plugin)")
        }
        // What an older plugin does not have is zero.
        var plugin = kong_plugin()
        withUnsafeMutableBytes(of: &plugin) { $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: size)) }

        guard plugin.flags & ~Self.knownFlags == 0 else {
            throw Invalid(
                found: "flags 0x\(String(plugin.flags, radix: 16))", wanted: "knows 0x\(String(Self.knownFlags, radix: 16))",
                fix: "set only flags of ABI \(ABIVersion.host), and all others to 0")
        }
        isBlocking = plugin.flags & UInt32(KONG_PLUGIN_BLOCKING) != 0

        guard let stated = Self.text(plugin.name, atMost: PluginName.maximumLength) else {
            throw Invalid(
                found:
                    "a name of \(UInt(bitPattern: plugin.name.size)) bytes at \(plugin.name.data == nil ? "NULL" : "some address")",
                wanted: "takes \(PluginName.maximumLength) at most", fix: "leave the name empty, or set both data and size")
        }
        guard stated.isEmpty || stated == name.description else {
            let isName = PluginName(stated) != nil
            throw Invalid(
                found: "named \"\(stated)\" by its descriptor, \"\(name)\" by its file", wanted: "needs both to be the same",
                fix: isName
                    ? "rename the file to lib\(stated).so, or leave the descriptor's name empty"
                    : "leave the descriptor's name empty")
        }

        guard let version = Self.text(plugin.version, atMost: Self.longestVersion), Self.isVersion(version) else {
            throw Invalid(
                found: "version \"\(Self.text(plugin.version, atMost: Self.longestVersion) ?? "that cannot be read")\"",
                wanted: "Kong takes versions such as 1.2.3", fix: "set a version of three numbers")
        }
        self.version = version
        priority = plugin.priority

        phases = Phases(rawValue: plugin.phases)
        guard !phases.isEmpty else {
            throw Invalid(
                found: "no phases", wanted: "needs at least one", fix: "set KONG_PHASE_BIT of each phase that handle knows")
        }
        guard phases.isSubset(of: .all) else {
            throw Invalid(
                found: "phases 0x\(String(plugin.phases, radix: 16))", wanted: "knows \(Phases.all)",
                fix: "set only bits of phases of ABI \(ABIVersion.host)")
        }

        guard plugin.start != nil, plugin.handle != nil else {
            throw Invalid(
                found: "no function \(plugin.start == nil ? "start" : "handle")", wanted: "needs start and handle",
                fix: "set both; only stop and cancel may be NULL")
        }
        guard let schema = plugin.config_schema else {
            throw Invalid(
                found: "no config_schema", wanted: "needs one",
                fix: "describe the configuration; an empty one is {type: \"record\", fields: []}")
        }
        guard UInt(bitPattern: schema) % UInt(MemoryLayout<kong_value>.alignment) == 0, schema.pointee.type == UInt32(KONG_MAP)
        else {
            throw Invalid(
                found: "a config_schema that is no map", wanted: "needs a KONG_MAP",
                fix: "make it {type: \"record\", fields: […]}")
        }
        configSchema = schema
    }

    /// The text of a plugin's string; `nil` if it is longer than makes sense, or nowhere. Swift sees a `size_t` as an
    /// Int, so that the largest ones are negative.
    static func text(_ string: kong_string, atMost limit: Int) -> String? {
        guard string.size != 0 else { return "" }
        guard (1...limit).contains(string.size), let data = string.data else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: string.size), as: UTF8.self)
    }

    /// x.y.z, and maybe a suffix as in 1.0.0-rc1.
    private static func isVersion(_ text: String) -> Bool {
        let numbers = text.prefix { $0 != "-" && $0 != "+" }
        let parts = numbers.split(separator: ".", omittingEmptySubsequences: false)
        let suffix = text.dropFirst(numbers.count + 1).utf8
        return parts.count == 3
            && parts.allSatisfy {
                !$0.isEmpty && $0.utf8.count <= 9 && $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
            && suffix.allSatisfy { (0x21..<0x7f).contains($0) }
    }
}
