extension String {
    /// The directory that holds the file at this path, as `dirname` has it.
    package var directoryPath: String {
        guard let end = lastIndex(where: { $0 != "/" }) else { return isEmpty ? "." : "/" }
        guard let slash = self[...end].lastIndex(of: "/") else { return "." }
        let directory = self[..<slash].lastIndex { $0 != "/" }
        return directory.map { String(self[...$0]) } ?? "/"
    }
}
