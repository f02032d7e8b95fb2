import ArgumentParser

struct New: ParsableCommand {
    @Argument var name: String
    func run() throws {}
}
