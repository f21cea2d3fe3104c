public import Postgres

extension Swarm {
    /// Stops claims from a queue; what runs goes on.
    ///
    /// - Returns: Whether it was not paused before.
    @discardableResult
    public func pause(_ queue: QueueName, reason: String? = nil) async throws(SwarmError) -> Bool {
        let author = try await author()
        return try await write("pause") { db throws(SwarmError) in
            try db.pause(queue, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// Lets claims from a queue go on, and wakes those who wait for it.
    ///
    /// - Returns: Whether it was paused before.
    @discardableResult
    public func resume(_ queue: QueueName) async throws(SwarmError) -> Bool {
        let author = try await author()
        let wasPaused = try await write("resume") { db throws(SwarmError) in
            try db.resume(queue, agent: author.agent, session: author.session)
        }
        if wasPaused { bell.ring([queue]) }
        return wasPaused
    }

    /// Pauses, drains, stops or resumes a task, a queue, an agent or the whole swarm.
    ///
    /// Holders hear of it in their next reply. What is resumed comes back step by step.
    @discardableResult
    public func control(
        _ target: ControlTarget, _ action: ControlAction, reason: String? = nil
    ) async throws(SwarmError) -> ControlAnswer {
        let author = try await author()
        return try await write("control") { db throws(SwarmError) in
            try db.control(target, action, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// Changes settings of a queue, which comes into being if it isn't there.
    ///
    /// - Parameter settings: An object with the settings to change; see ``Postgres/Connection/configure(_:_:agent:)``.
    /// - Returns: All settings.
    /// - Throws: `invalid_argument` for an unknown setting or an impossible value; nothing is changed then.
    @discardableResult
    public func configure(_ queue: QueueName, _ settings: JSONText) async throws(SwarmError) -> JSONText {
        let author = try await author()
        return try await write("set_queue") { db throws(SwarmError) in
            try db.configure(queue, settings, agent: author.agent, session: author.session)
        }
    }

    /// All queues.
    public func queues() async throws(SwarmError) -> [QueueInfo] {
        try await read("queues") { db throws(SwarmError) in try db.queues() }
    }

    /// All agents.
    public func agents() async throws(SwarmError) -> [AgentInfo] {
        try await read("agents") { db throws(SwarmError) in try db.agents() }
    }

    /// Tells all of an agent's sessions to finish what they hold and claim nothing more, or takes that back.
    ///
    /// - Returns: How many live sessions that concerns.
    @discardableResult
    public func drain(_ agent: AgentName, on: Bool = true) async throws(SwarmError) -> Int {
        try await write("drain") { db throws(SwarmError) in try db.drain(agent, on: on) }
    }

    /// Says whether agents may introduce themselves without having been registered.
    public func setRegistration(open: Bool) async throws(SwarmError) {
        try await write("set_registration") { db throws(SwarmError) in try db.setRegistration(open: open) }
    }
}
