import Glibc

/// A file descriptor with one owner, which closes it when it goes.
public struct OwnedDescriptor: ~Copyable {
    public let number: Int32

    /// Takes over `number`, which must be open and nobody else's.
    public init(owning number: Int32) {
        self.number = number
    }

    /// Hands the descriptor to the caller, who must close it.
    public consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    deinit {
        close(number)
    }
}
