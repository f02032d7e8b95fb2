import PluginLoader

/// The directories of plugins: whether the server takes them, and how many of their files it would take.
struct PluginsCheck {
    let installation: Installation

    var diagnoses: [Diagnosis] {
        guard !installation.directories.isEmpty else {
            return [
                .note(
                    .pluginsDirectoryUnknown, "-plugins-directory", "which directory the plugins are in is not known: Kong's settings name none",
                    fix: "give it: -plugins-directory PATH")
            ]
        }
        return installation.directories.flatMap { directory in
            switch directory.content {
            case .failure(let error): [refusal(directory.path, error)]
            case .success(let content): [state(of: content)] + files(directory)
            }
        }
    }

    private func refusal(_ path: String, _ error: LoadError) -> Diagnosis {
        .problem(
            .pluginsDirectoryRefused, path, "\(error.message) [\(error.code.rawValue)]", found: error.pluginSide, wanted: error.hostSide,
            fix: error.fix)
    }

    private func state(of directory: PluginDirectory) -> Diagnosis {
        let (path, account) = (directory.path, installation.account)
        guard account.may(.read, .execute, at: path) else {
            let status = FileStatus(path: path)
            return .problem(
                .pluginsDirectoryNotReadable, path, "user \(account.name) may not read the plugins directory \(path)",
                found: account.barrier(to: path).map { "\(account.name) may not enter \($0)" }
                    ?? status.map { "owner \($0.owner), mode \($0.modeText)" } ?? "nothing",
                wanted: "readable for the user of Kong's workers",
                fix: "chmod a+rx \(path.shellWord), and chmod a+x the directories above it")
        }
        let waived = directory.waived.map { "; \($0.warning)" } ?? "; only trusted users may write to it"
        return .ok(.pluginsDirectory, path, "\(path): readable for user \(account.name)\(waived)")
    }

    private func files(_ directory: PluginsFolder) -> [Diagnosis] {
        let (path, fit, refused) = (directory.path, directory.fit, directory.refused)
        let pointer = "swift-pluginserver check \(path.shellWord)"
        if fit.isEmpty, refused.isEmpty {
            return [
                .warning(
                    .pluginsNone, path, "there is no plugin in \(path)", found: "no file whose name ends in .so",
                    wanted: "a plugin, or Kong's query for plugins fails", fix: "put one there: ./build.sh plugin DIR makes it")
            ]
        }
        guard refused.isEmpty else {
            let codes = refused.map { "\($0.name ?? "a file"): \($0.error.code.rawValue)" }
            return [
                .warning(
                    .pluginsRefused, path, "\(fit.count) plugins are fit, and \(refused.count) are refused",
                    found: codes.prefix(8).joined(separator: ", ") + (codes.count > 8 ? ", …" : ""), wanted: "files that can be used, and no others",
                    fix: "\(pointer) says for each what to do")
            ]
        }
        return [.ok(.plugins, path, "\(fit.count) fit, 0 refused: \(fit.joined(separator: ", ")) (see \(pointer))")]
    }
}
