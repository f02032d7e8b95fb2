// Unsafe pointers: inotify's records are read from a buffer.

import EventLoop
import Glibc

/// Tells which files of a directory have been written, moved into it, or removed. A directory that is removed is looked for until
/// it is there again.
final class DirectoryWatch: EventSource {
    /// What has happened since it was told last.
    struct Change {
        /// Names.
        var files: Set<String> = []
        /// Anything may have happened to any file.
        var isWhole = false

        fileprivate var isEmpty: Bool { files.isEmpty && !isWhole }
    }

    /// For how long nothing may happen before it is told. A file may come in pieces, and several at a time.
    struct Pauses {
        var change: Duration
        /// When something has been removed, and has not come again.
        var removal: Duration
    }

    private let path: String
    private let descriptor: OwnedDescriptor
    private let loop: EventLoop
    private let pauses: Pauses
    private let onGone: () -> Void
    private let onChange: (Change) -> Void
    /// The kernel's number for the directory; -1: it is gone.
    private var number: Int32 = -1
    private var change = Change()
    private var removed: Set<String> = []
    private var timer: TimerID?

    private static let events = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF)
    /// How often a directory that is gone is looked for.
    private static let searchInterval: Duration = .seconds(1)

    /// - Parameters:
    ///   - onGone: hears that the directory has been removed.
    ///   - onChange: gets what has happened. [loop]
    static func start(
        _ path: String, on loop: EventLoop, pauses: Pauses, onGone: @escaping () -> Void, onChange: @escaping (Change) -> Void
    ) throws(SystemError) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("inotify_init1") }
        let watch = DirectoryWatch(path, OwnedDescriptor(owning: descriptor), loop, pauses, onGone, onChange)
        guard watch.watch() else { throw SystemError("inotify_add_watch", path) }
        _ = try loop.add(watch, descriptor: descriptor, for: .readable)
    }

    private init(
        _ path: String, _ descriptor: consuming OwnedDescriptor, _ loop: EventLoop, _ pauses: Pauses, _ onGone: @escaping () -> Void,
        _ onChange: @escaping (Change) -> Void
    ) {
        self.path = path
        self.descriptor = descriptor
        self.loop = loop
        self.pauses = pauses
        self.onGone = onGone
        self.onChange = onChange
    }

    private func watch() -> Bool {
        number = inotify_add_watch(descriptor.number, path, Self.events)
        return number >= 0
    }

    func ready(_ readiness: Readiness) {
        var isNews = false
        readRecords { name, mask in
            if take(name, mask) { isNews = true }
        }
        // Whoever writes has not finished.
        guard isNews || timer != nil else { return }
        wait()
    }

    private func wait() {
        if let timer { loop.cancel(timer) }
        let pause = change.isWhole || removed.contains(where: isAbsent) ? pauses.removal : pauses.change
        timer = loop.schedule(after: pause) { [weak self] in self?.tell() }
    }

    private func tell() {
        timer = nil
        // What has come again is told when it has been written.
        change.files.formUnion(removed.filter(isAbsent))
        removed = []
        let told = change
        change = Change()
        if !told.isEmpty { onChange(told) }
    }

    private func isAbsent(_ name: String) -> Bool {
        var status = stat()
        return lstat("\(path)/\(name)", &status) != 0
    }

    // MARK: Records

    /// Whether there will be something to tell.
    private func take(_ name: String, _ mask: UInt32) -> Bool {
        func has(_ event: Int32) -> Bool { mask & UInt32(event) != 0 }
        if has(IN_Q_OVERFLOW) {
            change.isWhole = true
            return true
        }
        if has(IN_DELETE_SELF) || has(IN_MOVE_SELF) || has(IN_UNMOUNT) {
            isGone()
            return false
        }
        guard !name.isEmpty else { return false }
        if has(IN_DELETE) || has(IN_MOVED_FROM) {
            removed.insert(name)
            return true
        }
        if has(IN_CREATE) {
            // A link is there at once; a file that is made is told again when it has been written.
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return false }
        } else if has(IN_MODIFY) {
            return false
        }
        change.files.insert(name)
        return true
    }

    private func isGone() {
        guard number >= 0 else { return }
        // One that was moved is still watched, elsewhere.
        inotify_rm_watch(descriptor.number, number)
        number = -1
        if let timer { loop.cancel(timer) }
        timer = nil
        change = Change()
        removed = []
        // It may have been replaced.
        if find() { return }
        onGone()
        search()
    }

    private func search() {
        loop.schedule(after: Self.searchInterval) { [weak self] in
            guard let self, !find() else { return }
            search()
        }
    }

    private func find() -> Bool {
        guard watch() else { return false }
        change.isWhole = true
        wait()
        return true
    }

    private func readRecords(_ body: (_ name: String, _ mask: UInt32) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        let headerSize = MemoryLayout<inotify_event>.size
        while true {
            let count = read(descriptor.number, &buffer, buffer.count)
            guard count > 0 else { return }
            buffer.withUnsafeBytes { bytes in
                var offset = 0
                while offset + headerSize <= count {
                    let record = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    let end = min(count, offset + headerSize + Int(record.len))
                    let name = bytes[(offset + headerSize)..<end].prefix { $0 != 0 }
                    // What is still to be read of a directory that was removed says nothing of the one in its place.
                    if record.wd == number || record.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                        body(String(decoding: name, as: UTF8.self), record.mask)
                    }
                    offset = end
                }
            }
        }
    }
}
