public import Postgres

extension Swarm {
    /// Completes a task.
    ///
    /// Concurrent calls leave together, also with claims.
    ///
    /// - Returns: The answer; its code is `late` when the lease had run out and nobody had taken the task over.
    /// - Throws: `lost_claim` when the attempt was superseded: the result is kept aside, nothing else changed.
    @discardableResult
    public func complete(_ handle: Handle, result: JSONText? = nil) async throws(SwarmError) -> Settlement {
        try await settle(handle, .complete(result))
    }

    /// Completes a task with a typed result.
    ///
    /// - Throws: As ``complete(_:result:)-(_,JSONText?)``; `invalid_argument` when the result can't be written as JSON.
    @discardableResult
    public func complete(_ handle: Handle, result: some Encodable) async throws(SwarmError) -> Settlement {
        try await settle(handle, .complete(JSONText(encoding: result)))
    }

    /// Reports that an attempt failed.
    ///
    /// The task is tried again later unless the attempts are used up.
    ///
    /// - Parameters:
    ///   - error: What went wrong, for the next holder and for people.
    ///   - retryIn: When to try again; with growing, jittered pauses when absent.
    ///   - dead: Whether trying again makes no sense.
    /// - Throws: `lost_claim` when the attempt was superseded.
    @discardableResult
    public func fail(
        _ handle: Handle, error: String, retryIn: Duration? = nil, dead: Bool = false
    ) async throws(SwarmError) -> Settlement {
        try await settle(handle, .fail(error: error, retryIn: retryIn, dead: dead))
    }

    /// Hands a task back without costing an attempt.
    ///
    /// - Throws: `lost_claim` when the attempt was superseded.
    @discardableResult
    public func release(
        _ handle: Handle, note: String? = nil, delay: Duration? = nil
    ) async throws(SwarmError) -> Settlement {
        try await settle(handle, .release(note: note, delay: delay))
    }

    /// Ends an attempt.
    ///
    /// Concurrent calls leave together, also with claims.
    ///
    /// - Throws: `lost_claim`, `already_settled`, `invalid_handle`, `invalid_argument`, `unreachable`, …
    @discardableResult
    public func settle(_ handle: Handle, _ verdict: Verdict) async throws(SwarmError) -> Settlement {
        try await observed(Verb(rawValue: verdict.verb), task: handle.taskID) { _ throws(SwarmError) in
            guard case .settled(let settlement) = try await turns.submit(.settle(handle, verdict)) else {
                throw SwarmError(.internal, "a settlement was answered like a claim")
            }
            if let error = settlement.error { throw error }
            return settlement
        }
    }

    /// Ends attempts in one call.
    ///
    /// A superseded one is an answer, not an error.
    ///
    /// - Returns: One answer for each verdict, in their order.
    public func settle(
        _ verdicts: [(handle: Handle, verdict: Verdict)]
    ) async throws(SwarmError) -> [Settlement] {
        guard !verdicts.isEmpty else { return [] }
        return try await observed("settle") { _ throws(SwarmError) in try await calls.settle(verdicts) }
    }

    /// Ends attempts and claims the next tasks in one commit.
    ///
    /// - Returns: One answer for each verdict in their order, and the tasks that were granted.
    public func step(
        _ verdicts: [(handle: Handle, verdict: Verdict)], claiming queues: [QueueName], count: Int,
        lease: Duration? = nil
    ) async throws(SwarmError) -> (settled: [Settlement], claimed: [ClaimedTask]) {
        let request = ClaimRequest(queues, count: count, lease: lease)
        return try await observed("step", queue: queues.first) { _ throws(SwarmError) in
            try await calls.step(verdicts, claiming: request)
        }
    }

    /// Reports progress and renews the lease.
    ///
    /// - Returns: What the holder should do now.
    /// - Throws: `lost_claim` when the lease was superseded; the report is then not taken.
    @discardableResult
    public func progress(_ handle: Handle, _ progress: Progress) async throws(SwarmError) -> Renewal {
        try await write("progress") { db throws(SwarmError) in try db.progress(handle, progress) }
    }

    /// Announces an effect outside the database before it is done.
    ///
    /// - Returns: `new`, or what an earlier attempt announced under the same key.
    /// - Throws: `lost_claim` when the lease was superseded: don't do it.
    public func intent(
        _ handle: Handle, key: String, detail: JSONText? = nil
    ) async throws(SwarmError) -> Effect {
        // Not repeated: a second announcement would be answered as one whose outcome is open.
        try await write("intent", repeatable: false) { db throws(SwarmError) in
            try db.intent(handle, key: key, detail: detail)
        }
    }

    /// Records that an announced effect happened.
    ///
    /// - Throws: `lost_claim` when the lease was superseded, `not_found` when the effect was not announced.
    public func confirm(_ handle: Handle, key: String, result: JSONText? = nil) async throws(SwarmError) {
        try await write("confirm") { db throws(SwarmError) in try db.confirm(handle, key: key, result: result)
        }
    }
}
