/// How a process ended and what it wrote.
public struct ChildResult: Sendable, CustomStringConvertible {
    /// The exit code; nil when a signal ended it.
    public let exitCode: Int32?
    /// The signal that ended it, if one did.
    public let signal: Int32?
    /// All of its standard output.
    public let output: String
    /// All of its standard error.
    public let error: String

    /// All of it, for the message of a failed expectation.
    public var description: String {
        let ending = exitCode.map { "exit code \($0)" } ?? "signal \(signal ?? 0)"
        return "\(ending)\n--- stdout\n\(output)\n--- stderr\n\(error)"
    }
}
