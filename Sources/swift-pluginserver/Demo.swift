import ArgumentParser

/// The tutorial's request, played against a server of its own.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Plays the tutorial's request through goplug, in both protocols.")
}
