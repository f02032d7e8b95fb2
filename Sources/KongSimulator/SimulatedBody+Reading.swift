import Glibc

extension SimulatedBody {
    /// The bytes, from memory or from the file; nil if the file cannot be read.
    public var contents: [UInt8]? {
        switch self {
        case .bytes(let bytes): return bytes
        case .file(let path):
            guard let file = fopen(path, "rb") else { return nil }
            defer { fclose(file) }
            var contents: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = fread(&chunk, 1, chunk.count, file)
                guard count > 0 else { return ferror(file) == 0 ? contents : nil }
                contents += chunk[..<count]
            }
        }
    }
}
