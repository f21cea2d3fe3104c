/// Where a task stands.
///
/// The words are the same in SQL, in the command's output and here.
///
/// A structure, not an enumeration, because a later version of the database may know further states.
public struct TaskState: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The word the database uses.
    public let rawValue: String

    /// Names a state by the database's word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The word the database uses.
    public var description: String { rawValue }

    /// Waits for its due time.
    public static let scheduled = TaskState(rawValue: "scheduled")
    /// Waits for other tasks.
    public static let blocked = TaskState(rawValue: "blocked")
    /// Set aside until somebody resumes it.
    public static let parked = TaskState(rawValue: "parked")
    /// Waits for an answer or a decision.
    public static let held = TaskState(rawValue: "held")
    /// Can be claimed now.
    public static let ready = TaskState(rawValue: "ready")
    /// Somebody holds its lease.
    public static let running = TaskState(rawValue: "running")
    /// Its result waits for a review.
    public static let review = TaskState(rawValue: "review")
    /// Completed.
    public static let done = TaskState(rawValue: "done")
    /// In the dead letters, with its history.
    public static let dead = TaskState(rawValue: "dead")
    /// Cancelled; no completion takes effect any more.
    public static let cancelled = TaskState(rawValue: "cancelled")

    /// The states of a working life, in the order in which a reader expects them.
    public static let all: [TaskState] = [
        .scheduled, .blocked, .parked, .held, .ready, .running, .review, .done, .dead, .cancelled,
    ]

    /// Whether nothing more happens to the task unless somebody retries it.
    public var isFinal: Bool { self == .done || self == .dead || self == .cancelled }
}
