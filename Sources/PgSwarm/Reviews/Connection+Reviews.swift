public import FoundationEssentials
public import Postgres

extension Connection {
    /// Claims reviews that this reviewer may do.
    ///
    /// - Parameter queues: Only of these queues; `nil`: of all.
    /// - Throws: `not_allowed` for anybody but a registered reviewer or a person.
    public func nextReviews(
        _ queues: [QueueName]? = nil, count: Int = 1, lease: Duration? = nil, requestID: String? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [ReviewAssignment] {
        let sql = ReviewSQL.next(
            queues, count: count, lease: lease, requestID: requestID, agent: agent, session: session)
        return try rows(sql) { row throws(PostgresError) in try ReviewAssignment(row) }
    }

    /// Ends a review with a verdict.
    ///
    /// - Parameter digest: What the assignment said: the verdict is about that content and no other.
    /// - Throws: `lost_claim`, `conflict` when the content is another, `not_allowed` when the reviewer stands too near.
    public func submitReview(
        _ handle: Handle, digest: String, _ verdict: ReviewVerdict
    ) throws(SwarmError) -> ReviewReceipt {
        try row(ReviewSQL.submit(handle, digest: digest, verdict)) {
            row throws(PostgresError) in try ReviewReceipt(row)
        }
    }

    /// The reviews that are wanted or under way, oldest first.
    public func openReviews(_ queue: QueueName? = nil) throws(SwarmError) -> [ReviewInfo] {
        try rows(ReviewSQL.open(queue)) { row throws(PostgresError) in try ReviewInfo(row) }
    }

    /// Answers a finding as the holder of the task; answers how many are still open.
    @discardableResult
    public func answerFinding(
        _ handle: Handle, _ finding: Int64, _ answer: Finding.Answer, note: String? = nil
    ) throws(SwarmError) -> Int {
        try row(ReviewSQL.answer(handle, finding, answer, note: note)) {
            row throws(PostgresError) in try row[0, as: Int.self]
        }
    }

    /// What was found in a task's results.
    public func findings(of task: TaskID) throws(SwarmError) -> [FindingInfo] {
        try rows(ReviewSQL.findings(task)) { row throws(PostgresError) in try FindingInfo(row) }
    }

    /// The review policy of a queue, all settings.
    public func reviewPolicy(of queue: QueueName) throws(SwarmError) -> JSONText {
        try row(ReviewSQL.policy(queue)) { row throws(PostgresError) in try row[0, as: JSONText.self] }
    }

    /// Changes the review policy of a queue; answers all of it.
    ///
    /// - Throws: `not_allowed` for anybody but a person, `invalid_argument`.
    @discardableResult
    public func setReviewPolicy(
        of queue: QueueName, _ settings: JSONText, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> JSONText {
        try row(ReviewSQL.setPolicy(queue, settings, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: JSONText.self]
        }
    }

    /// Says how risky work on some paths is; `nil` forgets it.
    public func setRisk(
        of queue: QueueName, _ glob: String, _ level: String?, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) {
        _ = try row(ReviewSQL.setRisk(queue, glob, level, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Bool.self]
        }
    }

    /// Puts evidence down: as the holder of the task or of a review of it.
    ///
    /// - Parameter session: The runtime's own session, without which nothing is captured.
    @discardableResult
    public func putEvidence(
        _ handle: Handle, _ draft: EvidenceDraft, session: UUID? = nil
    ) throws(SwarmError) -> Int64 {
        try row(ReviewSQL.putEvidence(handle, task: nil, draft, agent: nil, session: session)) {
            row throws(PostgresError) in try row[0, as: Int64.self]
        }
    }

    /// Puts a person's evidence down for a task in review.
    @discardableResult
    public func putEvidence(
        _ task: TaskID, kind: String, body: JSONText? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int64 {
        let draft = EvidenceDraft(.human, kind: kind, body: body)
        return try row(ReviewSQL.putEvidence(nil, task: task, draft, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Int64.self]
        }
    }

    /// What speaks for a task's results, oldest first.
    public func evidence(of task: TaskID) throws(SwarmError) -> [EvidenceInfo] {
        try rows(ReviewSQL.evidence(task)) { row throws(PostgresError) in try EvidenceInfo(row) }
    }

    /// Completes a task and says what its holder thinks of the result, from 1 to 5; answers the state.
    public func complete(_ handle: Handle, result: JSONText?, confidence: Int) throws(SwarmError) -> TaskState {
        TaskState(
            rawValue: try row(ReviewSQL.complete(handle, result, confidence: confidence)) {
                row throws(PostgresError) in try row[0, as: String.self]
            })
    }
}

extension Connection {
    /// What waits for a person, the most urgent first.
    public func triage(task: TaskID? = nil, limit: Int = 100) throws(SwarmError) -> [TriageItem] {
        try rows(ReviewSQL.triage(task, limit: limit)) { row throws(PostgresError) in try TriageItem(row) }
    }

    /// Decides about what waits for a person.
    ///
    /// - Parameter digest: What ``TriageItem/digest`` showed: the decision is about that content and no other.
    /// - Throws: `not_allowed` for anybody but a person, `conflict` when the content is another, `wrong_state`.
    public func decide(
        _ task: TaskID, _ decision: ReviewDecision, digest: String, reason: String? = nil, score: Int? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> DecisionReceipt {
        let sql = ReviewSQL.decide(
            task, decision, digest: digest, reason: reason, score: score, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try DecisionReceipt(row) }
    }

    /// Takes a task back that is done: to be done again, or to be looked at again.
    ///
    /// - Returns: Its generation.
    /// - Throws: `not_allowed` for anybody but a person, `wrong_state`.
    @discardableResult
    public func reopen(
        _ task: TaskID, toReview: Bool = false, reason: String, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int {
        try row(ReviewSQL.reopen(task, toReview: toReview, reason: reason, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Int.self]
        }
    }

    /// Plants a made submission; answers its task.
    ///
    /// - Throws: `not_allowed` for anybody but a person, `wrong_state` when the queue has no reviewers.
    @discardableResult
    public func plantCanary(
        in queue: QueueName, _ draft: CanaryDraft, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> TaskID {
        try row(ReviewSQL.plant(queue, draft, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: TaskID.self]
        }
    }

    /// The planted submissions and what was said of them.
    ///
    /// - Throws: `not_allowed` for anybody but a person.
    public func canaries(agent: AgentName? = nil, session: UUID? = nil) throws(SwarmError) -> [CanaryInfo] {
        try rows(ReviewSQL.canaries(agent: agent, session: session)) {
            row throws(PostgresError) in try CanaryInfo(row)
        }
    }
}
