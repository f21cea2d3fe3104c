/// A process did not do what a test waited for.
struct ChildProblem: Error, CustomStringConvertible {
    let what: String
    let details: String

    var description: String { "the process: \(what)\n\(details)" }
}
