public import FoundationEssentials
public import Postgres

extension Connection {
    /// Stops claims from a queue; what runs goes on.
    ///
    /// - Returns: Whether it was not paused before.
    @discardableResult
    public func pause(
        _ queue: QueueName, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(QueuesSQL.pause(queue, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// Lets claims from a queue go on.
    ///
    /// - Returns: Whether it was paused before.
    @discardableResult
    public func resume(
        _ queue: QueueName, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(QueuesSQL.resume(queue, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// Pauses, drains, stops or resumes a task, a queue, an agent or the whole swarm.
    ///
    /// - Throws: `not_found`, `wrong_state` for a task that has ended or is blocked.
    @discardableResult
    public func control(
        _ target: ControlTarget, _ action: ControlAction, reason: String? = nil, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> ControlAnswer {
        try row(QueuesSQL.control(target, action, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in try ControlAnswer(row)
        }
    }

    /// Changes settings of a queue, which comes into being if it isn't there.
    ///
    /// - Parameter settings: An object with the settings to change: `lease`, `max_attempts`, `max_lost`, `retry_base`,
    ///   `retry_cap`, `strict_lease`, `backlog_limit`, `max_running`, `stall_after`, `stall_limit`; durations in
    ///   seconds, `null` resets.
    /// - Returns: All settings.
    /// - Throws: `invalid_argument` for an unknown setting or an impossible value; nothing is changed then.
    @discardableResult
    public func configure(
        _ queue: QueueName, _ settings: JSONText, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> JSONText {
        try row(QueuesSQL.configure(queue, settings, agent: agent, session: session)) {
            row throws(PostgresError) in
            try row[0, as: JSONText.self]
        }
    }

    /// All queues.
    public func queues() throws(SwarmError) -> [QueueInfo] {
        try rows(QueuesSQL.list) { row throws(PostgresError) in try QueueInfo(row) }
    }
}
