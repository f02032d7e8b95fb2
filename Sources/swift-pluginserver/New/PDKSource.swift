import FoundationEssentials
import Glibc
import PluginLoader

/// Where a plugin's package gets KongPDK from.
enum PDKSource: CustomStringConvertible {
    /// A package on this machine, by its absolute path.
    case folder(String)
    /// A repository.
    case repository(String)

    /// What its Package.swift says it is.
    private static let packageName = "swift-pluginserver"

    /// - Parameters:
    ///   - given: a folder or a URL; nil: it is looked for.
    ///   - program: what was built from it, or installed with it.
    init(_ given: String?, for program: String) throws(ScaffoldError) {
        guard let given else {
            self = .folder(try Self.found(near: program))
            return
        }
        if given.contains("://") || given.hasPrefix("git@") {
            self = .repository(given)
        } else {
            guard Self.isPackage(given) else {
                throw ScaffoldError("\(given.printable) has no Package.swift of \(Self.packageName): give its folder, or the URL of its repository")
            }
            self = .folder(realPath(given))
        }
    }

    /// The checkout that the program was built in, or what was installed with it.
    private static func found(near program: String) throws(ScaffoldError) -> String {
        let program = realPath(program)
        var folder = program
        while let slash = folder.lastIndex(of: "/") {
            folder = String(folder[..<slash])
            if isPackage(folder) { return folder }
        }
        let installed = realPath("\(OwnPlugins.folder(of: program))/../share/\(packageName)")
        guard isPackage(installed) else {
            throw ScaffoldError(
                """
                KongPDK is not found: \(program.printable) is neither in a checkout of \(packageName) nor installed with it \
                (./build.sh install PREFIX puts it into PREFIX/share/\(packageName))
                  fix: say where it is with --pdk FOLDER, or --pdk URL
                """)
        }
        return installed
    }

    private static func isPackage(_ folder: String) -> Bool {
        guard let manifest = FileManager.default.contents(atPath: "\(folder)/Package.swift") else { return false }
        return String(decoding: manifest, as: UTF8.self).contains("name: \"\(packageName)\"")
    }

    // MARK: In a manifest

    var description: String {
        switch self {
        case .folder(let path): path.printable
        case .repository(let url): url.printable
        }
    }

    /// The dependency.
    /// - Parameter version: of the oldest release that will do.
    func dependency(from version: String) -> String {
        switch self {
        case .folder(let path): ".package(name: \"\(Self.packageName)\", path: \(path.debugDescription))"
        case .repository(let url): ".package(url: \(url.debugDescription), from: \"\(version)\")"
        }
    }

    /// By which products name it.
    var package: String {
        switch self {
        case .folder: Self.packageName
        case .repository: identity
        }
    }

    /// Whether a checkout has a plugin of a name: SwiftPM would build one of the two, and not say which.
    func hasPlugin(_ name: PluginName) -> Bool {
        guard case .folder(let path) = self else { return false }
        return ["Plugins", "Tests/Plugins"].contains { access("\(path)/\($0)/\(name)", F_OK) == 0 }
    }

    /// SwiftPM tells packages apart by the last part of where they are.
    var identity: String {
        switch self {
        case .folder(let path): path.split(separator: "/").last.map(String.init) ?? ""
        case .repository(let url):
            url.split(whereSeparator: { "/:".contains($0) }).last.map { $0.hasSuffix(".git") ? String($0.dropLast(4)) : String($0) } ?? ""
        }
    }
}
