import Postgres

extension Swarm {
    /// Cancels tasks: no completion takes effect any more.
    ///
    /// - Returns: One answer for each task.
    public func cancel(_ tasks: [TaskID], reason: String? = nil) async throws(SwarmError) -> [SteeringAnswer] {
        let author = try await author()
        return try await write("cancel") { db throws(SwarmError) in
            try db.cancel(tasks, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// Gives dead or cancelled tasks a new generation of attempts.
    ///
    /// - Returns: One answer for each task.
    public func retry(_ tasks: [TaskID]) async throws(SwarmError) -> [SteeringAnswer] {
        let author = try await author()
        return try await write("retry") { db throws(SwarmError) in
            try db.retry(tasks, agent: author.agent, session: author.session)
        }
    }

    /// Why a task is where it is.
    ///
    /// - Throws: `not_found`.
    public func why(_ task: TaskID) async throws(SwarmError) -> TaskReason {
        try await read("why") { db throws(SwarmError) in try db.why(task) }
    }

    /// Lists tasks, newest first.
    public func tasks(_ filter: TaskFilter = TaskFilter()) async throws(SwarmError) -> [TaskInfo] {
        try await read("tasks") { db throws(SwarmError) in try db.tasks(filter) }
    }

    /// Looks at one task.
    ///
    /// - Throws: `not_found`.
    public func task(_ id: TaskID) async throws(SwarmError) -> TaskInfo {
        try await read("task") { db throws(SwarmError) in try db.task(id) }
    }

    /// How the attempts at a task went, oldest first.
    public func attempts(of task: TaskID) async throws(SwarmError) -> [AttemptInfo] {
        try await read("attempts") { db throws(SwarmError) in try db.attempts(of: task) }
    }

    /// Takes back expired leases and promotes due tasks, a bounded number of each.
    @discardableResult
    public func sweep(batch: Int = 100) async throws(SwarmError) -> SweepReport {
        try await write("sweep") { db throws(SwarmError) in try db.sweep(batch: batch) }
    }

    /// Makes due tasks ready, at most so many.
    ///
    /// - Returns: How many.
    @discardableResult
    public func promote(batch: Int = 1000) async throws(SwarmError) -> Int {
        try await write("promote") { db throws(SwarmError) in try db.promote(batch: batch) }
    }

    /// Makes the next partitions of history and removes what is older than the retention, a bounded amount.
    @discardableResult
    public func maintain(batch: Int = 1000) async throws(SwarmError) -> MaintenanceReport {
        try await write("maintain") { db throws(SwarmError) in try db.maintain(batch: batch) }
    }

    /// Takes or keeps a seat that one session at a time holds, under this swarm's session.
    public func takeSeat(_ name: String, ttl: Duration = .seconds(30)) async throws(SwarmError) -> Seat {
        let session = try await session().token
        return try await write("take_seat") { db throws(SwarmError) in
            try db.takeSeat(name, session: session, ttl: ttl)
        }
    }

    /// Leaves a seat, so that another takes it at once.
    ///
    /// - Returns: Whether this swarm's session held it.
    @discardableResult
    public func leaveSeat(_ name: String) async throws(SwarmError) -> Bool {
        guard let session = await sessions.current?.token else { return false }
        return try await write("leave_seat") { db throws(SwarmError) in
            try db.leaveSeat(name, session: session)
        }
    }

    /// The events after a number, oldest first.
    public func events(
        after id: Int64? = nil, task: TaskID? = nil, limit: Int = 1000
    ) async throws(SwarmError) -> [SwarmEvent] {
        try await read("events") { db throws(SwarmError) in try db.events(after: id, task: task, limit: limit)
        }
    }

    /// The newest events, oldest of them first.
    public func lastEvents(_ limit: Int = 50) async throws(SwarmError) -> [SwarmEvent] {
        try await read("events") { db throws(SwarmError) in try db.lastEvents(limit) }
    }
}
