import CKongPlugin

extension Inspection {
    /// Checks the file at `path`, and reads what can be read of it, whatever the verdict.
    /// - Parameter withDigest: whether the whole file is read, for its SHA-256.
    public init(path: String, options: CheckOptions, withDigest: Bool = true) {
        do throws(LoadError) {
            let file = try PluginFile(path: path)
            do throws(LoadError) {
                let plugin = try CheckedPlugin(file, options: options)
                self.init(plugin, withDigest: withDigest)
            } catch {
                self.init(path: path, file.bytes, refusal: error, withDigest: withDigest)
            }
        } catch {
            self.init(path: path, refused: nil, error, withDigest: withDigest)
        }
    }

    /// What a look at the directory has found; `nil` for what is not meant as a plugin.
    ///
    /// A refused file is opened again, so it is what is there now that is told besides the verdict.
    /// - Parameter withDigest: whether the whole file is read, for its SHA-256.
    public init?(_ finding: Finding, withDigest: Bool = true) {
        switch finding {
        case .plugin(let plugin): self.init(plugin, withDigest: withDigest)
        case .refused(_, let error):
            guard case .plugin(_, let path) = error.subject else { return nil }
            self.init(path: path, refused: nil, error, withDigest: withDigest)
        case .ignored: return nil
        }
    }

    public init(_ plugin: CheckedPlugin, withDigest: Bool = true) {
        self.init(path: plugin.path, plugin.file.bytes, plugin: plugin, withDigest: withDigest)
    }

    /// A file that was refused: by the check, or, if `plugin` is what the check found, by what came after it.
    public init(path: String, refused plugin: CheckedPlugin?, _ error: LoadError, withDigest: Bool = true) {
        self.init(
            path: path, plugin?.file.bytes ?? (try? FileBytes(path: path)), plugin: plugin, refusal: error,
            withDigest: withDigest)
    }

    // MARK: Reading

    private init(
        path: String, _ bytes: FileBytes?, plugin: CheckedPlugin? = nil, refusal: LoadError? = nil, withDigest: Bool
    ) {
        self.path = path
        name = path.split(separator: "/").last.flatMap { PluginName(fileName: String($0)) }?.description
        verdict = Verdict(refusal)
        warnings = plugin.map { $0.waived.map(\.warning) } ?? []
        file = File(path: path, bytes, withDigest: withDigest)
        format = bytes.flatMap { try? $0.read(at: 0, count: ELFIdentity.size) }.flatMap(ELFIdentity.init).map(Format.init)

        guard let image = plugin?.image ?? bytes.flatMap({ try? ELFImage($0) }) else {
            soname = nil
            buildID = nil
            stamp = nil
            compilers = nil
            runtime = nil
            libraries = nil
            symbolVersions = nil
            symbols = nil
            return
        }
        soname = image.dynamic.soname?.printable
        buildID = image.buildID
        stamp = (plugin?.stamp ?? PluginLoader.Stamp(of: image)).map(Stamp.init)
        compilers = (try? ToolchainFingerprint.all(in: image)).map { $0.map(\.commit).sorted() }

        let reader = LibraryReader()
        let needs = plugin?.versionNeeds ?? (try? image.neededVersions()) ?? []
        let found = plugin?.libraries ?? NeededLibraries(of: image, needs: needs, at: path, reader: reader)
        runtime =
            SwiftRuntime.isNeeded(by: image)
            ? Runtime(kind: "shared", library: SwiftRuntime.findCore(for: image, at: path, reader: reader))
            : Runtime(kind: "own", library: nil)
        libraries = found.libraries.map(Library.init)
        symbolVersions = SymbolVersions.list(needs, found)
        symbols = [CheckedPlugin.openSymbol, CheckedPlugin.stampSymbol].map { name in
            Symbol(name: name, kind: (try? image.symbol(named: name))?.kind)
        }
    }
}

extension Inspection.Verdict {
    init(_ refusal: LoadError?) {
        code = refusal?.code.rawValue ?? Self.ok
        message = refusal?.message
        found = refusal?.pluginSide
        wanted = refusal?.hostSide
        fix = refusal?.fix
    }
}

extension Inspection.File {
    /// Of the descriptor where there is one; else of what the path leads to, which may be no file.
    fileprivate init?(path: String, _ bytes: FileBytes?, withDigest: Bool) {
        guard let status = bytes?.status ?? FileStatus(path: path) else { return nil }
        kind = status.kind.rawValue
        size = status.size
        mode = status.modeText
        owner = status.owner
        group = status.group
        modified = status.modified
        linkTarget = FileBytes.linkTarget(path)?.printable
        let digest = (withDigest ? bytes : nil).flatMap { bytes in
            (try? FileDigest(of: bytes)).flatMap { bytes.currentState() == bytes.state ? $0 : nil }
        }
        sha256 = digest?.description
    }
}

extension Inspection.Format {
    fileprivate init(_ identity: ELFIdentity) {
        wordSize = identity.wordSizeName
        byteOrder = identity.byteOrderName
        machine = identity.machineName
        type = identity.typeName
    }
}

extension Inspection.Stamp {
    fileprivate init(_ stamp: PluginLoader.Stamp) {
        abi = stamp.versions.abi.description
        pdk = stamp.versions.pdk
        language = stamp.language.description
        toolchain = stamp.versions.toolchain
        statedRuntime = stamp.statedRuntime.description
    }
}

extension Inspection.Library {
    fileprivate init(_ library: NeededLibraries.Library) {
        name = library.name.printable
        neededBy = library.neededBy.printable
        path = library.place.path?.printable
        switch library.place {
        case .loaded: (state, reason) = ("loaded", nil)
        case .file: (state, reason) = ("found", nil)
        case .missing: (state, reason) = ("missing", nil)
        case .unusable(_, let why): (state, reason) = ("unusable", why.printable)
        }
    }
}

extension Inspection.SymbolVersions {
    /// The highest that is needed of each library and family, in the order of their names.
    fileprivate static func list(_ needs: [ELFVersionNeed], _ libraries: NeededLibraries) -> [Self] {
        Dictionary(grouping: needs, by: \.library).sorted { $0.key < $1.key }.flatMap { library, needs in
            let defined = libraries.highestDefined(by: library)
            return SymbolVersion.highest(of: needs.map(\.version)).values.sorted().map { version in
                Self(
                    library: library.printable, family: version.family.printable, needed: version.number,
                    present: defined[version.family]?.number)
            }
        }
    }
}
