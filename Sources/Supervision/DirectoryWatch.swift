// Unsafe pointers: inotify's records are read from a buffer.

import EventLoop
import Glibc

/// Tells which files of a directory have been written or moved into it.
final class DirectoryWatch: EventSource {
    private let path: String
    private let descriptor: OwnedDescriptor
    private let loop: EventLoop
    private let pause: Duration
    private let onChange: (Set<String>) -> Void
    private var changed: Set<String> = []
    private var timer: TimerID?

    /// - Parameters:
    ///   - pause: for how long nothing may change before it is told. A file may come in pieces, and several at a time.
    ///   - onChange: gets the files' names. [loop]
    static func start(
        _ path: String, on loop: EventLoop, pause: Duration, onChange: @escaping (Set<String>) -> Void
    ) throws(SystemError) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("inotify_init1") }
        let watch = DirectoryWatch(path, OwnedDescriptor(owning: descriptor), loop, pause, onChange)
        guard inotify_add_watch(descriptor, path, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)) >= 0 else {
            throw SystemError("inotify_add_watch", path)
        }
        _ = try loop.add(watch, descriptor: descriptor, for: .readable)
    }

    private init(
        _ path: String, _ descriptor: consuming OwnedDescriptor, _ loop: EventLoop, _ pause: Duration,
        _ onChange: @escaping (Set<String>) -> Void
    ) {
        self.path = path
        self.descriptor = descriptor
        self.loop = loop
        self.pause = pause
        self.onChange = onChange
    }

    func ready(_ readiness: Readiness) {
        let before = changed.count
        readRecords()
        guard changed.count > before || timer != nil else { return }
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(after: pause) { [weak self] in
            guard let self else { return }
            timer = nil
            let files = changed
            changed = []
            onChange(files)
        }
    }

    private func readRecords() {
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
                    if !name.isEmpty { take(String(decoding: name, as: UTF8.self), record.mask) }
                    offset = end
                }
            }
        }
    }

    private func take(_ name: String, _ mask: UInt32) {
        if mask & UInt32(IN_CREATE) != 0 {
            // A link is there at once; a file that is made is told again when it has been written.
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
        }
        changed.insert(name)
    }
}
