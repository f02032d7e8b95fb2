import CKongPlugin
import Foundation
import PDKCatalogue
import Testing

@testable import NativePDK

/// kong_pdk.h, the committed one.
@Suite struct HeaderTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/CKongPlugin/include").standardized.path

    @Test func theCommittedHeaderIsTheGenerators() throws {
        let committed = try String(contentsOfFile: "\(Self.folder)/kong_pdk.h", encoding: .utf8)
        #expect(
            committed == HeaderGenerator.header,
            "swift-pluginserver generate-header > Sources/CKongPlugin/include/kong_pdk.h")
    }

    @Test func itHasEachMethodOfTheCatalogueOnce() {
        #expect(NativeMethod.all.map(\.method.name).sorted() == PDKCatalogue.all.map(\.name).sorted())
        #expect(NativeMethod.list.count == NativeMethod.all.count)
    }
}

/// A plugin that uses every macro, for C and for C++.
@Suite struct HeaderCompilationTests {
    private static let source = """
        #include "kong_pdk.h"
        struct redis { const char *host; int64_t port; };
        static const kong_field redis_fields[] = {
            KONG_FIELD(struct redis, host, "required: true"), KONG_FIELD(struct redis, port, "default: 6379")};
        struct config {
            const char *text; kong_string string; int64_t integer; double number; bool boolean; kong_strings strings;
            kong_integers integers; kong_numbers numbers; kong_map map; kong_value value; struct redis redis; kong_records all;
        };
        static const kong_field fields[] = {
            KONG_FIELD(struct config, text, "default: 'hello', len_min: 1"), KONG_FIELD(struct config, string, NULL),
            KONG_FIELD(struct config, integer, ""), KONG_FIELD(struct config, number, ""),
            KONG_FIELD(struct config, boolean, ""), KONG_FIELD(struct config, strings, ""),
            KONG_FIELD(struct config, integers, ""), KONG_FIELD(struct config, numbers, ""),
            KONG_FIELD(struct config, map, ""), KONG_FIELD(struct config, value, "type: 'string'"),
            KONG_RECORD(struct config, redis, redis_fields, ""),
            KONG_RECORDS(struct config, all, struct redis, redis_fields, NULL)};
        static kong_status handle(const kong_pdk *kong, const struct config *config) {
            kong_entry entry = kong_entry_of("x-a", kong_value_of_text(config->text));
            kong_map headers = kong_map_of(&entry, 1);
            if (kong_headers_get(headers, "X-A").data == NULL) return KONG_FAILED;
            return kong->service_request->set_headers(kong, &headers);
        }
        static kong_status start(struct config *config, const char **message) {
            *message = "no";
            return config->integer > 0 ? KONG_OK : KONG_FAILED;
        }
        static void stop(struct config *config) { config->integer = 0; }
        KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_ACCESS, handle, struct config),
                    KONG_HANDLER(KONG_LOG, handle, struct config), KONG_START(start, struct config),
                    KONG_STOP(stop, struct config))

        """

    private func compile(_ compiler: String, _ standard: String, _ source: String) throws -> Int32 {
        let ending = standard.contains("++") ? "cpp" : "c"
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("header-\(UUID()).\(ending)").path
        try source.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            compiler, "-std=\(standard)", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fPIC", "-fsyntax-only",
            "-I", HeaderTests.folder, file,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private static let compilers = [("gcc", "c11"), ("clang", "c11"), ("g++", "c++17"), ("clang++", "c++17")]

    @Test(arguments: compilers)
    func itCompilesWithoutWarnings(_ compiler: String, _ standard: String) throws {
        #expect(try compile(compiler, standard, Self.source) == 0)
    }

    @Test(arguments: compilers)
    func aFunctionOfAnotherTypeDoesNotCompile(_ compiler: String, _ standard: String) throws {
        for (right, wrong) in [
            ("handle(const kong_pdk *kong, const struct config *config)", "handle(const kong_pdk *kong, struct config *config)"),
            ("static void stop(struct config *config)", "static int stop(struct config *config)"),
            ("double number;", "float number;"),
        ] {
            let source = Self.source.replacingOccurrences(of: right, with: wrong)
            #expect(source != Self.source)
            #expect(try compile(compiler, standard, source) != 0, "\(wrong)")
        }
    }
}

/// The layouts that are worked out here are C's.
@Suite struct LayoutTests {
    @Test func structsHaveTheSizesOfC() throws {
        let sizes: [String: Int] = [
            "kong_key": MemoryLayout<kong_key>.size, "kong_route": MemoryLayout<kong_route>.size,
            "kong_service": MemoryLayout<kong_service>.size, "kong_consumer": MemoryLayout<kong_consumer>.size,
            "kong_credential": MemoryLayout<kong_credential>.size,
            "kong_dictionary_stats": MemoryLayout<kong_dictionary_stats>.size,
            "kong_shared_dictionaries": MemoryLayout<kong_shared_dictionaries>.size,
            "kong_worker_memory": MemoryLayout<kong_worker_memory>.size,
            "kong_memory_stats": MemoryLayout<kong_memory_stats>.size,
            "kong_uri_captures": MemoryLayout<kong_uri_captures>.size,
        ]
        #expect(Dictionary(NativeStruct.all.map { ($0.name, $0.size) }, uniquingKeysWith: { $1 }) == sizes)
        let route = try #require(NativeStruct(.route))
        let offset = MemoryLayout<kong_route>.offset(of: \.service)
        #expect(route.members.last?.offset == offset)
        #expect(route.members.first { $0.name == "preserve_host" }?.offset == MemoryLayout<kong_route>.offset(of: \.preserve_host))
    }

    @Test func theObjectHasTheSizeOfC() {
        #expect(NativeTables.objectSize == MemoryLayout<kong_pdk>.size)
    }
}
