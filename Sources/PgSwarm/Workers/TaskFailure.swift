/// An error that knows how the failed attempt should be treated.
///
/// Other errors follow the settings of the queue.
public protocol TaskFailure: Error {
    /// Not again before so much time has passed; `nil`: the queue's own backoff.
    var retryIn: Duration? { get }
    /// Whether a further attempt would be in vain: the task goes to the dead letters at once.
    var isPermanent: Bool { get }
}

extension TaskFailure {
    /// The queue's own backoff.
    public var retryIn: Duration? { nil }
    /// Tried again.
    public var isPermanent: Bool { false }
}

/// A failure in words, for handlers that need no error type of their own.
public struct Failure: TaskFailure, CustomStringConvertible {
    /// What went wrong, for the task's history.
    public let description: String
    /// Not again before so much time has passed.
    public let retryIn: Duration?
    /// Whether a further attempt would be in vain.
    public let isPermanent: Bool

    /// Describes a failed attempt.
    public init(_ description: String, retryIn: Duration? = nil, isPermanent: Bool = false) {
        self.description = description
        self.retryIn = retryIn
        self.isPermanent = isPermanent
    }
}

extension Verdict {
    /// The verdict on an attempt whose handler threw.
    init(failure error: any Error) {
        let failure = error as? any TaskFailure
        self = .fail(error: "\(error)", retryIn: failure?.retryIn, dead: failure?.isPermanent ?? false)
    }
}
