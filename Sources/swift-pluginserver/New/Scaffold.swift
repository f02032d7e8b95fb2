import FoundationEssentials
import Glibc
import PluginLoader
import PluginServer

/// The files of a new plugin's package.
struct Scaffold {
    let name: PluginName
    let pdk: PDKSource
    /// Of the module and of the plugin's type: `my-plugin` is MyPlugin, `hello` HelloPlugin.
    let typeName: String

    /// Products of the PDK's package, beside which no other package can have one of the name.
    private static let takenProducts: Set = ["KongPDK", "KongPDKTesting", "swift-pluginserver"]
    /// What the PDK calls other things.
    private static let takenTypes: Set = ["Plugin", "CKongPlugin"]

    init(_ name: PluginName, pdk: PDKSource) throws(ScaffoldError) {
        guard !Self.takenProducts.contains(name.description), name.description.lowercased() != pdk.identity.lowercased(),
            !pdk.hasPlugin(name)
        else {
            throw ScaffoldError("a package cannot be called \(name) beside the PDK's, which has something of that name: take another")
        }
        self.name = name
        self.pdk = pdk
        typeName = Self.typeName(name)
    }

    private static func typeName(_ name: PluginName) -> String {
        var type = name.description.split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        if type.first?.isNumber ?? true { type = "Plugin\(type)" }
        while !type.hasSuffix("Plugin") || takenTypes.contains(type) { type += "Plugin" }
        return type
    }

    // MARK: On disk

    /// Makes the package in a folder, which is made as well if it is not there.
    func write(in parent: String) throws(ScaffoldError) {
        let folder = "\(parent)/\(name)"
        if let obstacle = Self.obstacle(to: parent) {
            throw ScaffoldError("\(folder.printable) cannot be made: \(obstacle)\n  fix: give a folder that is there, or that can be made: --path FOLDER")
        }
        do {
            if access(folder, F_OK) == 0 {
                guard isDirectory(folder), try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else {
                    throw ScaffoldError("\(folder.printable) is there already, and not empty: nothing was written")
                }
            }
            for (path, text) in files {
                let file = "\(folder)/\(path)"
                try FileManager.default.createDirectory(atPath: OwnPlugins.folder(of: file), withIntermediateDirectories: true)
                // Whatever came into being meanwhile is not overwritten either.
                try Data(text.utf8).write(to: URL(filePath: file), options: .withoutOverwriting)
            }
        } catch let error as ScaffoldError {
            throw error
        } catch {
            throw ScaffoldError("\(folder.printable) cannot be written: \(error)")
        }
    }

    /// Why nothing can be made in a folder: because of it, or of what is nearest to it where it is not there yet.
    private static func obstacle(to folder: String) -> String? {
        var path = folder
        var status = FileStatus(path: path)
        while status == nil, path.directoryPath != path {
            path = path.directoryPath
            status = FileStatus(path: path)
        }
        guard let status else { return nil }
        guard status.kind == .directory else { return "\(path.printable) is \(status.kind), and no folder" }
        return access(path, W_OK | X_OK) == 0 ? nil : "\(path.printable): \(String(cString: strerror(errno)))"
    }

    var files: [(path: String, text: String)] {
        [
            ("Package.swift", manifest), ("Sources/\(typeName)/\(typeName).swift", source),
            ("Tests/\(typeName)Tests/\(typeName)Tests.swift", tests), ("README.md", readMe), (".gitignore", ".build/\n"),
        ]
    }

    private var manifest: String {
        """
        // swift-tools-version: 6.2
        import PackageDescription

        let package = Package(
            name: "\(name)",
            // The shared library lib\(name).so, which is the plugin.
            products: [.library(name: "\(name)", type: .dynamic, targets: ["\(typeName)"])],
            dependencies: [\(pdk.dependency(from: serverVersion))],
            targets: [
                .target(name: "\(typeName)", dependencies: [.product(name: "KongPDK", package: "\(pdk.package)")]),
                .testTarget(
                    name: "\(typeName)Tests",
                    dependencies: ["\(typeName)", .product(name: "KongPDKTesting", package: "\(pdk.package)")]),
            ],
            swiftLanguageModes: [.v6]
        )

        """
    }

    private var source: String {
        """
        import KongPDK

        /// An example: greets the service in a header, and can close it to clients.
        struct \(typeName): Plugin, AccessPhase, ResponsePhase {
            static let version = "0.1.0"
            /// Of the plugins of a request, those with higher priorities run first.
            static let priority = 1000

            /// What Kong's users can set, and its defaults. Kong's schema is made from it, and what does not fit is refused by
            /// Kong's Admin API.
            struct Config: PluginConfig {
                /// What the service gets in the header x-greeting.
                @Field(.lenMax(80)) var greeting = "hello"
                /// Whether clients are answered without asking the service.
                var isClosed = false
                @Field(.between(400...599)) var closedStatus = 503
            }
            let config: Config

            /// Before the service is asked.
            func access(_ kong: Kong) async throws {
                // Answers the client; nothing after it runs.
                if config.isClosed { try kong.response.exit(config.closedStatus, body: "closed\\n") }

                // Calls with a result are async: they ask Kong, and wait. Those without one are queued.
                let host = try await kong.request.header("host") ?? "nobody"
                try kong.service.request.setHeader("x-greeting", "\\(config.greeting), \\(host)")
            }

            /// When the service has answered.
            func response(_ kong: Kong) async throws {
                try kong.response.setHeader("x-greeted-by", "\(name) \\(Self.version)")
            }
        }

        @section("kong_plugins") @used let entry: PluginEntry = { \(typeName).open($0, $1) }

        """
    }

    private var tests: String {
        """
        import KongPDKTesting
        import Testing

        @testable import \(typeName)

        @Suite struct \(typeName)Tests {
            @Test func theServiceIsGreeted() async throws {
                let kong = KongTest(request: .get("/", headers: ["host": "example.com"]))
                try await kong.run(\(typeName)(config: .init(greeting: "welcome")))
                #expect(kong.service.request.headers["x-greeting"] == "welcome, example.com")
            }

            @Test func theClientIsToldByWhom() async throws {
                let kong = KongTest()
                try await kong.run(\(typeName)(config: .init()))
                #expect(kong.response.headers["x-greeted-by"] == "\(name) 0.1.0")
            }

            @Test func aClosedServiceIsNotAsked() async throws {
                let kong = KongTest()
                try await kong.run(\(typeName)(config: .init(isClosed: true, closedStatus: 404)))
                #expect(kong.response.status == 404)
                #expect(kong.service.response == nil)
            }
        }

        """
    }

    private var readMe: String {
        """
        # \(name)

        A plugin for Kong Gateway, in Swift.

            swift test      # its tests, without Kong
            swift build && swift-pluginserver try .build/debug/lib\(name).so --config '{"greeting": "welcome"}'

        ## For Kong

        A plugin that brings its own Swift runtime runs where there is no Swift:

            swift build -c release --product \(name) -Xswiftc -static-stdlib -Xswiftc -use-ld=lld -Xcc -DKONG_SWIFT_RUNTIME=1
            swift-pluginserver check .build/release/lib\(name).so

        makes `.build/release/lib\(name).so`. (`./build.sh plugin FOLDER` in a checkout of swift-pluginserver does the same.) Put it
        into the plugins directory under a new name, and rename it, since a server may have the old one mapped:

            install -m 755 .build/release/lib\(name).so /usr/local/kong/swift-plugins/\(name).so.new
            mv /usr/local/kong/swift-plugins/\(name).so.new /usr/local/kong/swift-plugins/\(name).so

        ## Configuration

        | field | what it is | default |
        | --- | --- | --- |
        | `greeting` | what the service gets in the header `x-greeting` | `hello` |
        | `is_closed` | clients are answered, and the service is not asked | `false` |
        | `closed_status` | with which status, 400 to 599 | `503` |

        """
    }
}
