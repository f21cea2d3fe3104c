import Postgres

extension Swarm {
    /// Claims tasks, in the order of priority and age.
    ///
    /// Concurrent claims of one task leave together. A claim that was sent before its Swift task was cancelled still
    /// returns what it was granted.
    ///
    /// - Parameters:
    ///   - queues: All of equal right.
    ///   - count: At most so many.
    ///   - lease: How long each grant lasts unless it is renewed; the queue's setting when absent.
    ///   - requestID: A repetition with the same id gets the same tasks.
    ///   - wait: How long to wait for work when there is none.
    /// - Returns: The tasks; none is no error, ``whyEmpty(_:)`` tells the reason.
    /// - Throws: `session_lost`, `invalid_argument`, `request_mismatch`, `unreachable`, `outcome_unknown`, …
    public func claim(
        _ queues: [QueueName], count: Int = 1, lease: Duration? = nil, requestID: String? = nil,
        wait: Duration? = nil
    ) async throws(SwarmError) -> [ClaimedTask] {
        let request = ClaimRequest(queues, count: count, lease: lease, requestID: requestID)
        return try await observed("claim", queue: queues.first) { _ throws(SwarmError) in
            guard let wait else { return try await claimOnce(request) }
            return try await claimWaiting(request, for: wait)
        }
    }

    /// Claims one named task.
    ///
    /// - Throws: `held` (the message says by whom and until when), `not_ready`, `not_found`, …
    public func claim(
        task: TaskID, lease: Duration? = nil, requestID: String? = nil
    ) async throws(SwarmError) -> ClaimedTask {
        try await observed("claim", task: task) { _ throws(SwarmError) in
            try await calls.claim(task: task, lease: lease, requestID: requestID)
        }
    }

    /// Everything this swarm's session holds.
    public func held() async throws(SwarmError) -> [ClaimedTask] {
        guard let session = await sessions.current else { return [] }
        return try await observed("held") { _ throws(SwarmError) in try await calls.held(session) }
    }

    /// Why a claim on these queues comes back empty, and when to come back.
    public func whyEmpty(_ queues: [QueueName]) async throws(SwarmError) -> [EmptyQueue] {
        let agent = configuration.agent
        return try await read("why_empty") { db throws(SwarmError) in try db.whyEmpty(queues, agent: agent) }
    }

    /// Renews a lease.
    ///
    /// Concurrent calls leave together.
    ///
    /// - Returns: What the holder should do now.
    /// - Throws: `lost_claim` when the lease was superseded.
    @discardableResult
    public func renew(_ handle: Handle, lease: Duration? = nil) async throws(SwarmError) -> Renewal {
        try await observed("renew", task: handle.taskID) { _ throws(SwarmError) in
            let renewal = try await renewals.submit(RenewalItem(handle: handle, lease: lease))
            guard renewal.status != .lost else {
                throw SwarmError(
                    .lostClaim, "the lease on task \(handle.taskID) was lost",
                    hint: "Stop working on the task and claim another.")
            }
            return renewal
        }
    }

    /// Renews leases, and beats the session, in one statement.
    ///
    /// - Returns: One answer for each handle, in their order. A lost lease is an answer, not an error.
    public func renew(_ handles: [Handle], lease: Duration? = nil) async throws(SwarmError) -> [Renewal] {
        guard !handles.isEmpty else { return [] }
        return try await observed("renew") { _ throws(SwarmError) in
            try await calls.renew(handles, lease: lease)
        }
    }

    /// Claims once, alone or together with others.
    func claimOnce(_ request: ClaimRequest) async throws(SwarmError) -> [ClaimedTask] {
        guard request.count == 1, request.requestID == nil else { return try await calls.claim(request) }
        let answer = try await turns.submit(.claim(ClaimLane(queues: request.queues, lease: request.lease)))
        guard case .claimed(let task?) = answer else { return [] }
        return [task]
    }

    /// Makes a call that only looks.
    func read<Answer: Sendable>(
        _ verb: Verb, _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        try await observed(verb) { _ throws(SwarmError) in try await caller.call(verb, repeatable: true, body)
        }
    }

    /// Makes a call that changes something and whose repetition ends in the same state.
    func write<Answer: Sendable>(
        _ verb: Verb, repeatable: Bool = true,
        _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        try await observed(verb) { _ throws(SwarmError) in
            try await caller.call(verb, repeatable: repeatable, body)
        }
    }
}
