public import FoundationEssentials
public import Postgres

extension Connection {
    /// Cancels tasks: no completion takes effect any more.
    ///
    /// - Parameters:
    ///   - agent: Who wants it; the database's user when absent.
    ///   - session: The agent's session, for agents with a credential.
    public func cancel(
        _ tasks: [TaskID], reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [SteeringAnswer] {
        try rows(SteeringSQL.cancel(tasks, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in
            try SteeringAnswer(row)
        }
    }

    /// Gives dead or cancelled tasks a new generation of attempts.
    public func retry(
        _ tasks: [TaskID], agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [SteeringAnswer] {
        try rows(SteeringSQL.retry(tasks, agent: agent, session: session)) { row throws(PostgresError) in
            try SteeringAnswer(row)
        }
    }

    /// Why a task is where it is.
    ///
    /// - Throws: `not_found`.
    public func why(_ task: TaskID) throws(SwarmError) -> TaskReason {
        try row(SteeringSQL.why(task)) { row throws(PostgresError) in try TaskReason(row) }
    }

    /// Takes back expired leases and promotes due tasks, a bounded number of each.
    public func sweep(batch: Int = 100) throws(SwarmError) -> SweepReport {
        try row(SteeringSQL.sweep(batch: batch)) { row throws(PostgresError) in
            SweepReport(
                lost: try row[0, as: Int.self], dead: try row[1, as: Int.self],
                promoted: try row[2, as: Int.self])
        }
    }

    /// Makes due tasks ready, at most so many.
    ///
    /// - Returns: How many.
    @discardableResult
    public func promote(batch: Int = 1000) throws(SwarmError) -> Int {
        try row(SteeringSQL.promote(batch: batch)) { row throws(PostgresError) in try row[0, as: Int.self] }
    }

    /// Makes the next partitions of history and removes what is older than the retention, a bounded amount.
    public func maintain(batch: Int = 1000) throws(SwarmError) -> MaintenanceReport {
        try row(SteeringSQL.maintain(batch: batch)) { row throws(PostgresError) in
            MaintenanceReport(partitions: try row[0, as: Int.self], removed: try row[1, as: Int.self])
        }
    }

    /// Lists tasks, newest first.
    public func tasks(_ filter: TaskFilter = TaskFilter()) throws(SwarmError) -> [TaskInfo] {
        try rows(SteeringSQL.list(filter)) { row throws(PostgresError) in try TaskInfo(row) }
    }

    /// Looks at one task.
    ///
    /// - Throws: `not_found`.
    public func task(_ id: TaskID) throws(SwarmError) -> TaskInfo {
        let found = try rows(SteeringSQL.task(id)) { row throws(PostgresError) in try TaskInfo(row) }
        guard let task = found.first else {
            throw SwarmError(.notFound, "there is no task \(id)", hint: "List tasks to see which there are.")
        }
        return task
    }

    /// How the attempts at a task went, oldest first.
    public func attempts(of task: TaskID) throws(SwarmError) -> [AttemptInfo] {
        try rows(SteeringSQL.attempts(of: task)) { row throws(PostgresError) in try AttemptInfo(row) }
    }
}
