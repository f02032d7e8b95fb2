import Glibc
import KongPDK
@testable import KongPDKTesting
import Testing

/// A file that lines are added to. Its methods block, on a thread where nobody minds.
actor AuditFile {
    private nonisolated let thread: BlockingThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let path: String

    init(path: String) throws {
        thread = try BlockingThread()
        self.path = path
    }

    func append(_ line: String) {
        guard let file = fopen(path, "a") else { return ServerLog.error("\(path) cannot be written") }
        fputs(line + "\n", file)
        fclose(file)
    }
}

struct Audit: Plugin, LogPhase {
    static let version = "1.0.0"
    static let priority = 10

    struct Config: PluginConfig { var path = "/dev/null" }
    let config: Config
    let file: AuditFile

    init(config: Config) throws {
        self.config = config
        file = try AuditFile(path: config.path)
    }

    func log(_ kong: Kong) async throws {
        await file.append(try await kong.log.serialize())
    }
}

/// Blocks for a moment: reads a small file from a disk.
private func readKey(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(count))
}

struct Keyed: Plugin, AccessPhase {
    static let version = "1.0.0"
    static let priority = 900

    struct Config: PluginConfig { var keyPath = "/dev/null" }
    let config: Config

    func access(_ kong: Kong) async throws {
        let key = await withTaskExecutorPreference(globalConcurrentExecutor) { readKey(config.keyPath) }
        try kong.service.request.setHeader("x-key-size", "\(key.count)")
    }
}

/// Whether this is the thread of the event loop.
private var isLoop: Bool { TestHost.shared.loop.isCurrent }
private func isOnLoop() async -> Bool { isLoop }

private actor Plain {
    func isOnLoop() -> Bool { isLoop }
}

private actor Apart {
    private nonisolated let thread: BlockingThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init() throws { thread = try BlockingThread() }

    func isOnLoop() -> Bool { isLoop }
}

@Suite("The article about blocking code") struct BlockingArticleTests {
    /// Where code runs, row by row of the article's table.
    @Test func codeRunsWhereTheArticleSays() async throws {
        struct Places: Plugin, AccessPhase {
            static let version = "1.0.0"
            static let priority = 1

            struct Config: PluginConfig {}
            init(config: Config) {}
            init() {}

            func access(_ kong: Kong) async throws {
                #expect(isLoop)
                #expect(await isOnLoop())
                async let child = isOnLoop()
                #expect(await child)
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask { await isOnLoop() }
                    for await isOnLoop in group { #expect(isOnLoop) }
                }
                #expect(await Plain().isOnLoop())
                #expect(await Task { await isOnLoop() }.value == false)
                #expect(await Task.detached { await isOnLoop() }.value == false)
                #expect(await withTaskExecutorPreference(globalConcurrentExecutor) { await isOnLoop() } == false)
                #expect(try await Apart().isOnLoop() == false)
                // And back.
                #expect(isLoop)
                try kong.ctx.shared.set("reached", true)
            }
        }
        let kong = KongTest()
        try await kong.run(Places())
        #expect(kong.shared("reached") == true)
    }

    @Test func whatIsLoggedStandsInTheFile() async throws {
        let path = "/tmp/audit-\(getpid()).log"
        defer { unlink(path) }
        try await KongTest(request: .get("/orders")).run(Audit(config: .init(path: path)))
        let kong = KongTest()
        try await kong.run(Keyed(config: .init(keyPath: path)))
        let size = try #require(kong.service.request.headers["x-key-size"].flatMap { Int($0) })
        #expect(size > 100)
    }
}
