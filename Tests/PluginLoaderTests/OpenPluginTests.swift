import CKongPlugin
import Foundation
import Testing

@testable import PluginLoader

/// What happens from dlopen on. Each test builds its own files: a process opens a file once.
@Suite struct OpenPluginTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("sample.so") }

    init() throws { directory = try TemporaryDirectory() }

    private func build(_ change: (inout CSource) -> Void) throws {
        var source = CSource()
        change(&source)
        try source.build(to: path)
    }

    private func open(_ path: String) throws(LoadError) -> OpenPlugin {
        try check(path).open(host: Host.pointer)
    }

    /// The refusal of the plugin when it is opened; that it passes the check is required.
    private func openingError() throws -> LoadError? {
        let plugin = try check(path)
        do {
            _ = try plugin.open(host: Host.pointer)
            return nil
        } catch {
            return error
        }
    }

    @Test func goodPluginOpens() throws {
        try build { _ in }
        let plugin = try open(path)
        #expect(plugin.name.description == "sample")
        #expect(plugin.version == "1.2.3")
        #expect(plugin.priority == 7)
        #expect(plugin.phases == [.access, .log])
        #expect(plugin.phases.names == ["access", "log"])
        #expect(!plugin.isBlocking)
        #expect(plugin.path == path)
        #expect(plugin.descriptor.pointee.start != nil)
        #expect(plugin.modificationTime > 1_600_000_000)
    }

    @Test func hostIsHandedOver() throws {
        try build { $0.open = "OPEN { describe(); plugin.priority = host->size; return &plugin; }" }
        #expect(try open(path).priority == Int32(MemoryLayout<kong_host>.size))
    }

    // MARK: Which code runs, and when

    @Test(arguments: [
        CSource.stamp(major: 2, minor: 0), CSource.stamp(major: 1, minor: 2), "",
        CSource.stamp(major: 1, minor: 0, size: 100, noteSize: 176),
    ])
    func nothingOfARefusedFileRuns(stamp: String) throws {
        try build {
            $0.stamp = stamp
            $0.extra = CSource.constructor(creating: directory.file("mark"))
        }
        #expect(throws: LoadError.self) { try open(path) }
        let found = try PluginDirectory(path: directory.path, host: Host.versions)
        #expect(throws: LoadError.self) { try found.plugin(named: #require(PluginName("sample"))).open(host: Host.pointer) }
        #expect(!directory.has("mark"))
    }

    @Test func codeRunsOnlyWhenThePluginIsOpened() throws {
        try build { $0.extra = CSource.constructor(creating: directory.file("mark")) }
        let found = try PluginDirectory(path: directory.path, host: Host.versions)
        let plugin = try found.plugin(named: #require(PluginName("sample")))
        #expect(!directory.has("mark"))
        _ = try plugin.open(host: Host.pointer)
        #expect(directory.has("mark"))
    }

    @Test func theFileThatWasCheckedIsTheOneThatIsLoaded() throws {
        try build { $0.version = "1.0.0" }
        let plugin = try check(path)
        var other = CSource()
        other.version = "2.0.0"
        try other.build(to: directory.file("other"))
        #expect(rename(directory.file("other"), path) == 0)
        #expect(try plugin.open(host: Host.pointer).version == "1.0.0")
        #expect(try open(path).version == "2.0.0")
    }

    @Test func linkThatPointsElsewhereSinceTheCheckIsNotFollowedAgain() throws {
        for version in ["1.0.0", "2.0.0"] {
            var source = CSource()
            source.version = version
            source.extra = CSource.constructor(creating: directory.file("mark-\(version)"))
            try source.build(to: directory.file("file-\(version)"))
        }
        try directory.link("sample.so", to: directory.file("file-1.0.0"))
        let plugin = try check(path)
        try directory.link("other", to: directory.file("file-2.0.0"))
        #expect(rename(directory.file("other"), path) == 0)
        #expect(unlink(directory.file("file-1.0.0")) == 0)
        #expect(try plugin.open(host: Host.pointer).version == "1.0.0")
        #expect(directory.has("mark-1.0.0") && !directory.has("mark-2.0.0"))
    }

    @Test func fileThatWasWrittenToIsRefused() throws {
        try build { $0.extra = CSource.constructor(creating: directory.file("mark")) }
        let plugin = try check(path)
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        try file.close()
        do {
            _ = try plugin.open(host: Host.pointer)
            Issue.record("opened")
        } catch {
            #expect(error.code == .fileChanged)
        }
        #expect(!directory.has("mark"))
    }

    @Test func stampThatChangesInMemoryIsRefused() throws {
        try build {
            $0.extra = """
                #include <sys/mman.h>
                __attribute__((constructor)) static void forge(void) {
                    char *byte = (char *)&kong_plugin_abi.stamp.pdk_version;
                    mprotect((void *)((uintptr_t)byte & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
                    *(volatile char *)byte = '7';
                }
                """
        }
        #expect(try openingError()?.code == .stampDiffers)
    }

    @Test func oneFileUnderTwoNamesIsOpenedOnce() throws {
        try build { _ in }
        try directory.link("alias.so", to: path)
        _ = try open(path)
        do {
            _ = try open(directory.file("alias.so"))
            Issue.record("opened twice")
        } catch {
            #expect(error.code == .alreadyOpen)
            #expect(error.reason == "this file is open already, as plugin sample")
        }
    }

    /// The dynamic linker knows a library by its descriptor's number, which must not be used again.
    @Test func pluginsOpenedOneAfterTheOtherAreNotMistaken() throws {
        for number in 1...4 {
            var source = CSource()
            source.version = "\(number).0.0"
            try source.build(to: directory.file("p\(number).so"))
            #expect(try open(directory.file("p\(number).so")).version == "\(number).0.0")
        }
    }

    // MARK: Libraries

    /// A plugin that takes its version from a library in `lib`, beside it. The library's name is unique in the process:
    /// under a name that is loaded already, the dynamic linker would take the loaded one.
    private func buildWithHelper(
        _ name: String, soname: String?, helperSource: String = "", linked other: String? = nil
    ) throws {
        let helper = directory.file("lib/lib\(name).so")
        try directory.makeDirectory("lib")
        try directory.write("const char *help(void) { return \"5.5.5\"; }\n\(helperSource)".utf8, to: "helper.c")
        try run(
            "clang",
            ["-shared", "-fPIC", directory.file("helper.c"), "-o", helper] + (soname.map { ["-Wl,-soname,\($0)"] } ?? []))
        var source = CSource()
        source.extra = "const char *help(void);"
        source.descriptor = "plugin.version = (kong_string){help(), 5};"
        try source.build(
            to: path, "-L\(directory.file("lib"))", "-l\(name)", "-Wl,-rpath,$ORIGIN/lib",
            other.map { "-Wl,--no-as-needed,\($0)" } ?? "-O1")
    }

    @Test func libraryBesideThePluginIsFound() throws {
        try buildWithHelper("beside", soname: "libbeside.so")
        #expect(try open(path).version == "5.5.5")
    }

    @Test func libraryBesideThePluginNeedsItsName() throws {
        try buildWithHelper("nameless", soname: nil)
        let error = try #require(try openingError())
        #expect(error.code == .loadFailed)
        #expect(error.fix == "link \(directory.path)/lib/libnameless.so with -Wl,-soname,libnameless.so")
    }

    @Test func missingLibraryIsNamed() throws {
        try buildWithHelper("missing", soname: "libmissing.so.1")
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingLibrary)
        #expect(error.pluginSide == "needs libmissing.so.1")
    }

    @Test func libraryBesideAPluginThatLacksAnotherIsNotRun() throws {
        try directory.write("int absent(void) { return 1; }".utf8, to: "absent.c")
        try directory.makeDirectory("lib")
        let absent = directory.file("lib/libabsent.so")
        try run("clang", ["-shared", "-fPIC", directory.file("absent.c"), "-Wl,-soname,libabsent.so", "-o", absent])
        try buildWithHelper(
            "unused", soname: "libunused.so", helperSource: CSource.constructor(creating: directory.file("mark")), linked: absent)
        let plugin = try check(path)
        #expect(unlink(absent) == 0)
        let error = try #require(refusal(of: path))
        #expect(error.code == .missingLibrary)
        #expect(error.pluginSide == "needs libabsent.so")
        do {
            _ = try plugin.open(host: Host.pointer)
            Issue.record("opened without its library")
        } catch {
            #expect(error.code == .missingLibrary)
        }
        #expect(!directory.has("mark"))
    }

    @Test func missingSymbolIsNamedAndThePathIsThePlugins() throws {
        try build {
            $0.extra = "int not_there_at_all(void);"
            $0.descriptor = "plugin.priority = not_there_at_all();"
        }
        let error = try #require(try openingError())
        #expect(error.code == .loadFailed)
        #expect(error.reason == "\(path): undefined symbol: not_there_at_all")
        // Not loaded, so it may be tried again.
        #expect(try openingError()?.code == .loadFailed)
    }

    // MARK: The descriptor

    @Test func failureToOpenIsThePluginsMessage() throws {
        try build { $0.open = "OPEN { error->data = \"no licence\"; error->size = 10; return NULL; }" }
        let error = try #require(try openingError())
        #expect(error.code == .openFailed)
        #expect(error.reason == "no licence")
    }

    @Test(arguments: ["", "error->data = (const char *)1; error->size = (size_t)-1;", "error->size = 5;"])
    func failureWithoutAReadableReasonIsToldToo(statement: String) throws {
        try build { $0.open = "OPEN { \(statement) return NULL; }" }
        #expect(try openingError()?.code == .openFailed)
    }

    @Test(arguments: [
        ("plugin.size = 0;", "a descriptor of 0 bytes"),
        ("plugin.size = 95;", "a descriptor of 95 bytes"),
        ("plugin.size = 0xffffffff;", "a descriptor of 4294967295 bytes"),
        ("plugin.flags = 2;", "flags 0x2"),
        ("plugin.name = (kong_string){\"other\", 5};", "named \"other\" by its descriptor, \"sample\" by its file"),
        ("plugin.name = (kong_string){(char *)8, (size_t)-1};", "a name of 18446744073709551615 bytes at some address"),
        ("plugin.name = (kong_string){0, 5};", "a name of 5 bytes at NULL"),
        ("plugin.version = (kong_string){\"1.2\", 3};", "version \"1.2\""),
        ("plugin.version = (kong_string){\"1.2.x\", 5};", "version \"1.2.x\""),
        ("plugin.version = (kong_string){(char *)8, 1 << 30};", "version \"that cannot be read\""),
        ("plugin.version = (kong_string){0, 0};", "version \"\""),
        ("plugin.phases = 0;", "no phases"),
        ("plugin.phases = 1 << 6;", "phases 0x40"),
        ("plugin.start = 0;", "no function start"),
        ("plugin.handle = 0;", "no function handle"),
        ("plugin.config_schema = 0;", "no config_schema"),
        ("static kong_value nil; plugin.config_schema = &nil;", "a config_schema that is no map"),
        ("plugin.config_schema = (kong_value *)((char *)&schema + 1);", "a config_schema that is no map"),
    ])
    func badDescriptorIsRefused(statement: String, found: String) throws {
        try build { $0.descriptor = statement }
        let error = try #require(try openingError())
        #expect(error.code == .badDescriptor)
        #expect(error.pluginSide == found)
    }

    @Test func descriptorAtAnOddAddressIsRefused() throws {
        try build { $0.open = "OPEN { describe(); return (kong_plugin *)((char *)&plugin + 1); }" }
        #expect(try openingError()?.code == .badDescriptor)
    }

    @Test func whatMayBeSetIsTaken() throws {
        try build {
            $0.descriptor = """
                plugin.name = (kong_string){"sample", 6}; plugin.flags = KONG_PLUGIN_BLOCKING; plugin.priority = -5;
                plugin.version = (kong_string){"1.0.0-rc1", 9}; plugin.phases = 63;
                """
        }
        let plugin = try open(path)
        #expect(plugin.isBlocking)
        #expect(plugin.priority == -5)
        #expect(plugin.version == "1.0.0-rc1")
        #expect(plugin.phases == .all)
    }
}
