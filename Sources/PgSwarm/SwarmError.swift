/// The one error of the library: what was refused or failed, and what to do next.
///
/// The code is one of a closed list, the same in SQL, in the command and here; decide by the code, show the message.
public struct SwarmError: Error, Sendable {
    /// What kind of refusal or failure this is.
    public let code: Code
    /// What happened, naming the task, queue or agent.
    ///
    /// One line, without a full stop.
    public let message: String
    /// The next call that helps, if there is one.
    public let hint: String?
    /// The error beneath, for the log.
    public let underlying: (any Error)?

    /// Creates an error.
    public init(_ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
    }
}

extension SwarmError: CustomStringConvertible {
    /// `code: message (hint)`, on one line.
    public var description: String {
        let text = "\(code): \(message)"
        return hint.map { "\(text) (\($0))" } ?? text
    }
}

extension SwarmError: Equatable {
    /// Two errors are equal when code and message are; what lies beneath does not count.
    public static func == (left: SwarmError, right: SwarmError) -> Bool {
        left.code == right.code && left.message == right.message
    }
}
