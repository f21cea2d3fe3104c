import FoundationEssentials
public import Postgres

extension Swarm {
    /// Claims reviews that this reviewer may do; for agents of role reviewer, and people.
    ///
    /// - Throws: `not_allowed` for anybody else.
    public func nextReviews(
        _ queues: [QueueName]? = nil, count: Int = 1, lease: Duration? = nil
    ) async throws(SwarmError) -> [ReviewAssignment] {
        let author = try await author()
        let request = UUID().uuidString  // a lost answer is asked for again, and must not take others
        return try await write("review_next") { db throws(SwarmError) in
            try db.nextReviews(
                queues, count: count, lease: lease, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Ends a review with a verdict on just what was assigned.
    ///
    /// Repeated, it changes nothing.
    ///
    /// - Throws: `lost_claim`, `conflict` when the content is another by now, `not_allowed`.
    @discardableResult
    public func submit(_ verdict: ReviewVerdict, on review: ReviewAssignment) async throws(SwarmError) -> ReviewReceipt
    {
        let receipt = try await write("review_submit") { db throws(SwarmError) in
            try db.submitReview(review.handle, digest: review.digest, verdict)
        }
        ring([review.queue])
        return receipt
    }

    /// Answers a finding as the holder of the task; answers how many are still open.
    @discardableResult
    public func answer(
        _ finding: Int64, _ answer: Finding.Answer, note: String? = nil, as handle: Handle
    ) async throws(SwarmError) -> Int {
        try await write("finding_answer") { db throws(SwarmError) in
            try db.answerFinding(handle, finding, answer, note: note)
        }
    }

    /// Puts down what speaks for a result, as the holder of the task or of a review of it.
    @discardableResult
    public func putEvidence(_ draft: EvidenceDraft, as handle: Handle) async throws(SwarmError) -> Int64 {
        let author = try await author()
        return try await write("evidence_put", repeatable: false) { db throws(SwarmError) in
            try db.putEvidence(handle, draft, session: author.session)
        }
    }

    /// Completes a task and says what its holder thinks of the result, from 1 to 5: a hint for people.
    @discardableResult
    public func complete(
        _ handle: Handle, result: JSONText?, confidence: Int
    ) async throws(SwarmError) -> TaskState {
        try await write("complete", repeatable: false) { db throws(SwarmError) in
            try db.complete(handle, result: result, confidence: confidence)
        }
    }

    /// What waits for a person, the most urgent first.
    public func triage(limit: Int = 100) async throws(SwarmError) -> [TriageItem] {
        try await read("triage") { db throws(SwarmError) in try db.triage(limit: limit) }
    }

    /// Decides about a task that waits for a person, as it was shown.
    ///
    /// - Throws: `not_allowed` for anybody but a person, `conflict` when the content is another by now, `wrong_state`.
    @discardableResult
    public func decide(
        task: TaskID, _ decision: ReviewDecision, digest: String, reason: String? = nil
    ) async throws(SwarmError) -> DecisionReceipt {
        let author = try await author()
        return try await write("review_decide", repeatable: false) { db throws(SwarmError) in
            try db.decide(
                task, decision, digest: digest, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// Takes a task back that is done: to be done again, or to be looked at again.
    ///
    /// - Returns: Its generation.
    /// - Throws: `not_allowed` for anybody but a person, `wrong_state`.
    @discardableResult
    public func reopen(
        _ task: TaskID, toReview: Bool = false, reason: String
    ) async throws(SwarmError) -> Int {
        let author = try await author()
        return try await write("reopen", repeatable: false) { db throws(SwarmError) in
            try db.reopen(task, toReview: toReview, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// The review policy of a queue: all settings, as one JSON object.
    public func reviewPolicy(of queue: QueueName) async throws(SwarmError) -> JSONText {
        try await read("review_policy") { db throws(SwarmError) in try db.reviewPolicy(of: queue) }
    }

    /// Changes the review policy of a queue; answers all of it.
    ///
    /// - Throws: `not_allowed` for anybody but a person, `invalid_argument`.
    @discardableResult
    public func setReviewPolicy(of queue: QueueName, _ settings: JSONText) async throws(SwarmError) -> JSONText {
        let author = try await author()
        return try await write("set_review") { db throws(SwarmError) in
            try db.setReviewPolicy(of: queue, settings, agent: author.agent, session: author.session)
        }
    }
}
