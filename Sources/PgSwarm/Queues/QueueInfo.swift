import Postgres

/// A queue: how many tasks stand where, and how it is set.
public struct QueueInfo: Sendable {
    /// Its name.
    public var queue: QueueName
    /// How many tasks stand in each state; states without a task are absent.
    public var counts: [TaskState: Int]
    /// How long the oldest ready task has waited.
    public var oldestReady: Duration?
    /// Whether claims find nothing until somebody resumes it.
    public var isPaused: Bool
    /// Why it is paused.
    public var pausedReason: String?
    /// How long a grant lasts unless the task says otherwise.
    public var lease: Duration?
    /// How many attempts may fail unless the task says otherwise.
    public var maxAttempts: Int?
    /// How many leases may be lost without progress unless the task says otherwise.
    public var maxLost: Int?
    /// At most so many run at once.
    public var maxRunning: Int?
    /// Above so many waiting tasks enqueues are refused.
    public var backlogLimit: Int?
    /// Whether a completion after the end of the lease is refused even when nobody took the task over.
    public var strictLease: Bool

    init(_ row: Row) throws(PostgresError) {
        queue = try row[0, as: QueueName.self]
        counts = [:]
        let states: [TaskState] = [
            .ready, .running, .scheduled, .blocked, .parked, .held, .done, .dead, .cancelled,
        ]
        for (index, state) in states.enumerated() {
            if let count = try row[1 + index, as: Int?.self], count > 0 { counts[state] = count }
        }
        oldestReady = try row[10, as: Double?.self].map { .seconds($0) }
        isPaused = try row[11, as: Bool?.self] ?? false
        pausedReason = try row[12, as: String?.self]
        lease = try row[13, as: Double?.self].map { .seconds($0) }
        maxAttempts = try row[14, as: Int?.self]
        maxLost = try row[15, as: Int?.self]
        maxRunning = try row[16, as: Int?.self]
        backlogLimit = try row[17, as: Int?.self]
        strictLease = try row[18, as: Bool?.self] ?? false
    }
}
