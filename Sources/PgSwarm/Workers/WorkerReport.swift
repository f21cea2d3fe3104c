/// What a worker has done so far.
public struct WorkerReport: Sendable, Hashable {
    /// Why a worker ended.
    public enum Ending: String, Sendable, Hashable {
        /// It was asked to, and everything it had begun was finished.
        case drained
        /// It was asked to, and handed unfinished work back.
        case handedBack = "handed_back"
        /// Its queues were empty.
        case empty
        /// The database refused it in a way that no repetition heals.
        case refused
    }

    /// Tasks granted.
    public var claimed = 0
    /// Completions that stand.
    public var completed = 0
    /// Failures that stand.
    public var failed = 0
    /// Tasks handed back at no cost.
    public var released = 0
    /// Grants that ended before a verdict: taken over, cancelled or run out.
    public var lost = 0
    /// Verdicts that the database refused.
    public var refused = 0
    /// Why the worker ended; `nil` while it runs.
    public var ending: Ending?

    /// Creates an empty report.
    public init() {}
}
