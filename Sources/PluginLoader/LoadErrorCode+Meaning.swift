/// The one place that says what the codes mean: `docs/codes.md` and the commands are made from it.
extension LoadError.Code {
    /// What it means, in a paragraph of Markdown.
    public var meaning: String { text.meaning }

    /// What to do about it, in a paragraph of Markdown.
    public var remedy: String { text.remedy }

    private var text: (meaning: String, remedy: String) {
        switch self {
        case .missingFile:
            (
                "There is no file of this name, or it is a symbolic link to one that is not there.",
                "Put the plugin's file there (`./build.sh plugin DIR` makes it), or remove the link or repair it: `ls -l` shows where it points."
            )
        case .notAFile:
            (
                "The name is that of a directory, a FIFO, a socket or a device. It was not opened.",
                "Move it out of the plugins directory, or rename it so that it does not end in `.so`."
            )
        case .permissions:
            (
                "The user that the server runs as may not read the file or the directory.",
                "`chmod a+r` the file, and `chmod a+x` the directories above it. Kong starts plugin servers as the user of its workers: `nginx_user` in `kong.conf`."
            )
        case .unreadable:
            (
                "The system failed to read the file or directory, or to write the trust list: the detail has its words, such as an input/output error or too many levels of links.",
                "Find out why `cat` (or `ls`) of the same path fails as the same user."
            )
        case .badName:
            (
                "The file's name makes no name of a plugin. `NAME.so` and `libNAME.so` hold the plugin NAME, which has at most 128 letters, digits, `-`, `_` and `.`, and begins with a letter, a digit or `_`.",
                "Rename the file; or, if it is no plugin, move it out of the plugins directory."
            )
        case .duplicateName:
            (
                "Two files hold the plugin of one name, such as `x.so` and `libx.so`. Which one is meant cannot be known, so neither is taken.",
                "Remove all but one of them."
            )
        case .insecureFile:
            (
                "Users who are not trusted could change what is loaded: the plugin, a library that it needs, or the trust list belongs to somebody else than root and the server's user, or its group or everybody may write to it. Of a symbolic link, the file at its end is judged.",
                "`chown root FILE` and `chmod go-w FILE`, as the message says it. Where all who may write there are trusted, as on a developer's machine, `--allow-insecure-plugins` turns the refusal into a warning; not so for the trust list."
            )
        case .insecureDirectory:
            (
                "Users who are not trusted could put other files into the plugins directory: it belongs to somebody else than root and the server's user, or its group or everybody may write to it. The directories above it do not matter.",
                "`chown root DIR` and `chmod go-w DIR`, as the message says it; or `--allow-insecure-plugins`, where all who may write there are trusted. A volume of Kubernetes (`emptyDir`) has mode 0777: make a directory in it, and put the plugins there."
            )
        case .missingDirectory:
            (
                "The plugins directory is not there, or is no directory.",
                "Make it, or name another: `-plugins-directory DIR`."
            )
        case .missingLock:
            (
                "The server was started with `--require-lock`, and the directory has no trust list `plugins.lock`. No file is taken.",
                "`swift-pluginserver lock DIR` writes one for the plugins that are there, if you trust them. Without `--require-lock` no list is needed."
            )
        case .badLock:
            (
                "The trust list cannot be read, or has a line that is no SHA-256, two spaces and a file's name. A list that is not understood lets no file pass.",
                "Mend the line that the message names, or write the list again: `swift-pluginserver lock DIR`."
            )
        case .notInLock:
            (
                "With `--require-lock`, only files on the trust list `plugins.lock` are taken, and this one is not on it.",
                "If you trust the file, `swift-pluginserver lock DIR` adds it, or add its line with `sha256sum FILE.so >> plugins.lock` in that directory."
            )
        case .lockMismatch:
            (
                "The trust list has a file of this name, but with another SHA-256: the file was replaced or changed after the list was written.",
                "Put the trusted file back. If the new one was put there by you, write the list again: `swift-pluginserver lock DIR`."
            )
        case .notELF:
            (
                "The file is not in the format of shared libraries of Linux (ELF): it is text, an archive, a Git LFS pointer, a library for another system, or simply something else that ends in `.so`.",
                "Move it out of the plugins directory, or put the plugin's shared library in its place."
            )
        case .wrongMachine:
            (
                "The file is built for another processor, word size, byte order or operating system.",
                "Build the plugin on, or for, a machine such as the one that the message names."
            )
        case .notALibrary:
            (
                "The file is ELF for this machine, but a program, an object file or a core dump.",
                "Link it as a shared library: `swiftc -emit-library`, or `cc -shared`."
            )
        case .truncated:
            (
                "Less is there than the file's own headers say. Mostly it was not copied to its end, or was read while somebody copied it.",
                "Copy it again, beside its place, and rename it: `cp NEW FILE.so.new && mv FILE.so.new FILE.so`."
            )
        case .badELF:
            (
                "The file contradicts itself or the ELF specification, so that the dynamic linker must not be given it.",
                "Build it again. If it was changed after it was linked (packers, patchers), leave that out."
            )
        case .noStamp:
            (
                "It is a shared library, but not a plugin of swift-pluginserver: it has no stamp (`kong_plugin_abi`). A library that a plugin needs, or a plugin for go-pluginserver, gets this code too.",
                "If it is a plugin, build it with KongPDK, or in C with `KONG_PLUGIN_STAMP` of `kong_plugin.h`. If it is none, move it out of the plugins directory."
            )
        case .badStamp:
            (
                "The stamp is there, but its sizes or texts make no sense.",
                "Write it with `KONG_PLUGIN_STAMP` of `kong_plugin.h`; KongPDK does that by itself."
            )
        case .abiMajor:
            (
                "The plugin was built for another major version of the plugin ABI. Its structs may be laid out differently, so it is not loaded.",
                "Build the plugin again with the KongPDK of this server; or, if the plugin is the newer one, update the server."
            )
        case .abiMinor:
            (
                "The plugin was built for a newer minor version of the plugin ABI, and may call what this server does not have. An older minor version is taken.",
                "Update the server, or build the plugin again with the KongPDK of this server."
            )
        case .missingEntry:
            (
                "The file does not export `kong_plugin_open` as a function and `kong_plugin_abi` as data.",
                "Build it with KongPDK. In C, define both as `kong_plugin.h` declares them, and let neither `-fvisibility` nor a version script hide them."
            )
        case .swiftRuntime:
            (
                "The plugin needs a shared Swift runtime, and the one that it would get here is missing or of another toolchain. Swift has no stable ABI on Linux, so both must be of the same.",
                "Build the plugin with its own runtime, which is what `./build.sh plugin DIR` does (`-static-stdlib` without build.sh)."
            )
        case .missingLibrary:
            (
                "A library that the plugin needs, or that one of its libraries needs, would not be found by the dynamic linker, or what would be found is no library. The detail says which, and who needs it.",
                "Install what the library comes with and run `ldconfig`, put it where the plugin's RUNPATH points, or link it statically. `libc.musl-…` means that the plugin was built on Alpine Linux."
            )
        case .glibc:
            (
                "The plugin needs a newer symbol version of glibc, libstdc++ or libgcc (`GLIBC_…`, `GLIBCXX_…`, `CXXABI_…`, `GCC_…`) than this machine's libraries define: it was built on a newer system.",
                "Build the plugin on a system as old as this one, as in a container of the same image; or run it on a newer one. Newer versions run what was built for older ones, not the other way round."
            )
        case .libraryVersion:
            (
                "The plugin needs a symbol version that the library of this name does not define here: it was linked against another release of it.",
                "Build the plugin on this system, or update the library that the detail names."
            )
        case .fileChanged:
            (
                "Somebody wrote to the file after it was opened to be checked. What was checked is not what would be loaded. Or, of a plugin that is to run on as it was: somebody wrote to the file that ran before, so that it is gone.",
                "Put a good file in its place, and start the server again if it does not take it by itself. Replace plugins by renaming, not by writing into them: `cp NEW FILE.so.new && mv FILE.so.new FILE.so`."
            )
        case .loadFailed:
            (
                "The dynamic linker refused the file: the reason has its words. Mostly a symbol is missing that no library defines.",
                "Build the plugin against the libraries of this machine, and link it with `-Wl,-z,defs`, which finds missing symbols when it is built."
            )
        case .stampDiffers:
            (
                "In memory the stamp is not the one that was read from the file: the file was changed while it was loaded, or the plugin changes its own stamp.",
                "Start the server again, and replace plugins by renaming. If it happens again, the plugin is not to be trusted."
            )
        case .alreadyOpen:
            (
                "This process has opened the very same file before, under another name. A plugin is opened once.",
                "Remove one of the two names, or make it a copy."
            )
        case .badSignature:
            (
                "The plugin declares, in its `kong_plugin_definition`, other types for one of its functions than the server would call it with. The detail has both: the result, and in parentheses the arguments, as letters of `kong_define.h`.",
                "Give the function the parameters and the result that `kong_define.h` says. In C and C++ `KONG_PLUGIN` and `KONG_HANDLER` declare what the compiler knows; in another language mend the function or the text."
            )
        case .openFailed:
            (
                "`kong_plugin_open` of the plugin failed; the reason has the plugin's own words.",
                "Do what the plugin says, and start the server again."
            )
        case .badDescriptor:
            (
                "What `kong_plugin_open` returned is not what `kong_plugin.h` asks for: a version that is no x.y.z, no phases, another name than the file's, or missing functions.",
                "Mend in the plugin what the detail names."
            )
        case .badSchema:
            (
                "No version of Kong takes the schema of the plugin's configuration: Kong would not start with it. The detail names the first field that is wrong, as `config.retry.codes[]`, and what Kong takes there.",
                "Correct the field that the detail names. The rules are those of Kong's meta-schema: a `type` for each field, and only attributes that Kong knows."
            )
        case .loadCrash:
            (
                "The plugin ended with a signal while it was opened, in a process of its own: the server has not loaded it. The detail has the last words of that process; for a Swift trap they are the runtime's message.",
                "Mend what the last words name, and build the plugin again. `swift-pluginserver inspect FILE` shows all that it said."
            )
        case .loadExit:
            (
                "The plugin ended its process while it was opened, with the status that the reason names, or closed the descriptors that it works with. In the server that would have ended all other plugins too.",
                "Do not call `exit`, and close nothing that the plugin has not opened. A plugin that cannot work returns NULL from `kong_plugin_open`, with a message."
            )
        case .loadTimeout:
            (
                "The plugin did not finish opening in the time that a probe has.",
                "Do nothing slow when the plugin is loaded. What takes time, such as connecting to a server, belongs into the start of an instance."
            )
        case .loadMemory:
            (
                "The plugin asked for more memory than a probe has while it was opened, and said so before it ended or gave up: the detail has its words and the limit. One that does not look whether it got the memory ends with `load-crash` instead.",
                "Allocate less when the plugin is loaded: what an instance needs belongs into its start. If it needs so much, `--probe-memory BYTES` allows it; a dump's command needs the flag too."
            )
        case .loadOutput:
            (
                "The plugin printed to standard output while it was opened. Kong reads dumps from there, and one stray line makes it start no external plugin at all.",
                "Print to standard error, or log with `kong.log`."
            )
        case .probeFailed:
            (
                "The process in which the plugin should have been opened could not be started.",
                "Mend what the reason names: mostly there are too many processes or open files."
            )
        }
    }
}

extension LoadError {
    /// The page `docs/codes.md`.
    public static var codesPage: String {
        var page = """
            # Codes of refusals

            Each file in the plugins directory that is not taken is refused with one of these codes, in the log, in
            `swift-pluginserver check` and in its JSON. The codes are stable; the texts of messages are not.
            This page is made from `Sources/PluginLoader/LoadErrorCode+Meaning.swift`.

            | code | in short |
            | --- | --- |

            """
        for code in Code.allCases {
            page += "| [`\(code.rawValue)`](#\(code.rawValue)) | \(code.meaning.firstSentence) |\n"
        }
        for code in Code.allCases {
            page += "\n## \(code.rawValue)\n\n\(code.meaning)\n\n**Fix:** \(code.remedy)\n"
        }
        return page
    }
}

extension String {
    /// Up to the first full stop or colon that a space follows.
    fileprivate var firstSentence: String {
        let end = indices.dropLast().first { (self[$0] == "." || self[$0] == ":") && self[index(after: $0)] == " " }
        return end.map { "\(self[..<$0])." } ?? self
    }
}
