extension LoadError {
    /// Why something was refused. Stable: scripts and dashboards match on the raw values. What each means, and what to
    /// do about it, is said in `LoadErrorCode+Meaning.swift`.
    public enum Code: String, CaseIterable, Sendable {
        // The file, and whether it can be trusted.
        case missingFile = "missing-file"
        case notAFile = "not-a-file"
        case permissions
        case unreadable
        case badName = "bad-name"
        case duplicateName = "duplicate-name"
        case insecureFile = "insecure-file"
        case insecureDirectory = "insecure-directory"
        case missingDirectory = "missing-directory"

        // The trust list.
        case missingLock = "missing-lock"
        case badLock = "bad-lock"
        case notInLock = "not-in-lock"
        case lockMismatch = "lock-mismatch"

        // What is in the file.
        case notELF = "not-elf"
        case wrongMachine = "wrong-machine"
        case notALibrary = "not-a-library"
        case truncated
        case badELF = "bad-elf"
        case noStamp = "no-stamp"
        case badStamp = "bad-stamp"
        case abiMajor = "abi-major"
        case abiMinor = "abi-minor"
        case missingEntry = "missing-entry"

        // What it needs of this machine.
        case swiftRuntime = "swift-runtime"
        case missingLibrary = "missing-library"
        case glibc
        case libraryVersion = "library-version"

        // Loading it.
        case fileChanged = "file-changed"
        case loadFailed = "load-failed"
        case stampDiffers = "stamp-differs"
        case alreadyOpen = "already-open"
        case badSignature = "bad-signature"
        case openFailed = "open-failed"
        case badDescriptor = "bad-descriptor"
        case badSchema = "bad-schema"

        // Opening it for the first time, in a process of its own.
        case loadCrash = "load-crash"
        case loadExit = "load-exit"
        case loadTimeout = "load-timeout"
        case loadMemory = "load-memory"
        case loadOutput = "load-output"
        case probeFailed = "probe-failed"
    }
}
