import Postgres

/// What a task waits for, and what becomes of it when that can not come.
public struct TaskEdge: Sendable, Hashable {
    /// What about the other task is waited for.
    public enum Fact: String, Sendable, CaseIterable {
        /// Its holder has completed it, even if a review is still to come.
        case finished
        /// It is done: completed, and accepted where somebody has to accept it.
        case accepted
    }

    /// What becomes of the waiting task when the other ends without success.
    public enum Failure: String, Sendable, CaseIterable {
        /// It goes on waiting: somebody may retry the other.
        case wait
        /// It is cancelled with it.
        case cancel
        /// It goes on without it.
        case `continue`
    }

    /// The other task.
    public var task: TaskID
    /// What about it is waited for.
    public var until: Fact
    /// The score with which it must have been accepted, 1 to 5.
    public var minScore: Int?
    /// What happens when it ends without success.
    public var onFailure: Failure

    /// An edge; by default it waits for acceptance, whatever the score, however long.
    public init(_ task: TaskID, until: Fact = .accepted, minScore: Int? = nil, onFailure: Failure = .wait) {
        self.task = task
        self.until = until
        self.minScore = minScore
        self.onFailure = onFailure
    }

    /// The edge as `enqueue_many` takes it.
    var json: String {
        guard self != TaskEdge(task) else { return task.description }
        var object = JSONObjectText()
        object.add("task", task.description)
        object.add("until", until.rawValue)
        object.add("min_score", minScore)
        object.add("on_failure", onFailure.rawValue)
        return object.text.text
    }
}
