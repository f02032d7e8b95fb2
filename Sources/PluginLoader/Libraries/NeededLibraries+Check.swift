/// What is said of a plugin whose libraries, or versions of them, this machine does not have.
extension NeededLibraries {
    /// Returns what `CheckOptions.allowInsecure` has let pass.
    func check(for file: PluginFile, _ options: CheckOptions) throws(LoadError) -> [LoadError] {
        try checkPresence(for: file)
        try checkVersions(for: file)
        guard let (library, exposure) = exposure(to: options.user) else { return [] }
        let refusal = exposure.refusal(.insecureFile, file.subject, "it needs \(library.name)")
        guard options.allowInsecure else { throw refusal }
        return [refusal]
    }

    private func checkPresence(for file: PluginFile) throws(LoadError) {
        let absent = libraries.filter { $0.place == .missing }
        if let first = absent.first {
            let names = absent.map(\.name).joined(separator: ", ")
            throw file.refusal(
                .missingLibrary, "\(names): no such library",
                plugin: absent.map { describe($0, for: file) }.joined(separator: "; "),
                host: "not loaded, in the plugin's RUNPATH, or in the system's directories",
                fix: Self.isOfMusl(first.name)
                    ? "build \(file.name) on a system with glibc, as this one: \(first.name) is the C library of Alpine Linux"
                    : "install what \(names) comes with (and run ldconfig), or link it statically")
        }
        for library in libraries {
            guard case .unusable(let path, let reason) = library.place else { continue }
            throw file.refusal(
                .missingLibrary, "\(library.name) is no library here", plugin: describe(library, for: file),
                host: "\(path) is \(reason)", fix: "move \(path.shellWord) away, and install the library of this name")
        }
    }

    private func checkVersions(for file: PluginFile) throws(LoadError) {
        // The highest says most: who provides that provides the others.
        let missing = missingVersions.max {
            switch (SymbolVersion($0.need.version), SymbolVersion($1.need.version)) {
            case (let a?, let b?): a.family == b.family ? a < b : a.family > b.family
            case (nil, let b): b != nil
            case (_, nil): false
            }
        }
        guard let missing else { return }
        let version = SymbolVersion(missing.need.version)
        let whose = missing.neededBy == file.path ? "" : ", for \(missing.neededBy)"
        let has = missing.highest.map { "\(missing.path) has \($0) at most" } ?? "\(missing.path) does not have it"
        let isOfSystem = version.map { Self.familiesOfSystem.contains($0.family) } ?? missing.need.version.hasPrefix("GLIBC_")
        throw file.refusal(
            isOfSystem ? .glibc : .libraryVersion, "it needs a newer \(missing.need.library) than this machine has",
            plugin: "needs \(missing.need.version) of \(missing.need.library)\(whose)", host: has,
            fix: fix(missing, version, isOfSystem: isOfSystem, for: file))
    }

    private func fix(_ missing: MissingVersion, _ version: SymbolVersion?, isOfSystem: Bool, for file: PluginFile) -> String {
        switch (version?.family, missing.highest) {
        case ("GLIBC"?, let has?):
            return
                "build \(file.name) on a system where ldd --version says \(has.number) or less, or run it on one where it says \(version?.number ?? "more") or more"
        case (_, _) where isOfSystem:
            return
                "build \(file.name) on a system as old as this one, or link it with -static-libstdc++ -static-libgcc, or update this system"
        default:
            return "build \(file.name) on this system, or update \(missing.need.library) here"
        }
    }

    private func describe(_ library: Library, for file: PluginFile) -> String {
        library.neededBy == file.path ? "needs \(library.name)" : "needs \(library.name), for \(library.neededBy)"
    }

    /// The versions of glibc, and of the libraries of GCC that come with each system.
    private static let familiesOfSystem: Set<String> = ["GLIBC", "GLIBCXX", "CXXABI", "GCC"]

    private static func isOfMusl(_ library: String) -> Bool { library.hasPrefix("libc.musl-") || library.hasPrefix("ld-musl-") }
}
