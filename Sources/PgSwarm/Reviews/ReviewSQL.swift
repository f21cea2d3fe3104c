import Postgres

import struct FoundationEssentials.UUID

/// The calls of reviews, evidence, triage and canaries.
enum ReviewSQL {
    static func next(
        _ queues: [QueueName]?, count: Int, lease: Duration?, requestID: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT \(raw: ReviewAssignment.columns) FROM pgswarm.review_next(
            queues => \(queues), count => \(Int32(clamping: count)), lease => \(lease), request_id => \(requestID),
            agent => \(agent), session => \(session))
        """
    }

    static func submit(_ handle: Handle, digest: String, _ verdict: ReviewVerdict) -> SQL {
        """
        SELECT \(raw: ReviewReceipt.columns) FROM pgswarm.review_submit(
            handle => \(handle.text), score => \(Int32(clamping: verdict.score)), summary => \(verdict.summary),
            digest => \(digest), findings => \(verdict.findings.map(\.json)), evidence => \(verdict.evidence.map(\.json)))
        """
    }

    static func open(_ queue: QueueName?) -> SQL {
        """
        SELECT \(raw: ReviewInfo.columns) FROM pgswarm.reviews_open
        WHERE queue = coalesce(\(queue), queue) ORDER BY created_at, review_task_id LIMIT 500
        """
    }

    static func answer(_ handle: Handle, _ finding: Int64, _ answer: Finding.Answer, note: String?) -> SQL {
        "SELECT pgswarm.finding_answer(\(handle.text), \(finding), \(answer.rawValue), \(note))"
    }

    static func findings(_ task: TaskID) -> SQL {
        "SELECT \(raw: FindingInfo.columns) FROM pgswarm.findings WHERE task_id = \(task) ORDER BY id"
    }

    static func policy(_ queue: QueueName) -> SQL { "SELECT pgswarm.review_policy(\(queue))" }

    static func setPolicy(_ queue: QueueName, _ settings: JSONText, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.set_review(queue => \(queue), settings => \(settings), agent => \(agent), session => \(session))"
    }

    static func setRisk(_ queue: QueueName, _ glob: String, _ level: String?, agent: AgentName?, session: UUID?) -> SQL
    {
        """
        SELECT true FROM (SELECT pgswarm.set_risk(
            queue => \(queue), glob => \(glob), level => \(level), agent => \(agent), session => \(session))) x
        """
    }

    static func putEvidence(
        _ handle: Handle?, task: TaskID?, _ draft: EvidenceDraft, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.evidence_put(
            handle => \(handle?.text), tier => \(Int32(draft.tier.rawValue)), kind => \(draft.kind), body => \(draft.body),
            exit_status => \(draft.exitStatus.map { Int32(clamping: $0) }), artifact => \(draft.artifact),
            task => \(task), agent => \(agent), session => \(session))
        """
    }

    static func evidence(_ task: TaskID) -> SQL {
        "SELECT \(raw: EvidenceInfo.columns) FROM pgswarm.evidence_list WHERE task_id = \(task) ORDER BY id"
    }

    static func complete(_ handle: Handle, _ result: JSONText?, confidence: Int) -> SQL {
        "SELECT pgswarm.complete(\(handle.text), \(result), \(Int32(clamping: confidence)))"
    }

    static func triage(_ task: TaskID?, limit: Int) -> SQL {
        """
        SELECT \(raw: TriageItem.columns) FROM pgswarm.triage
        WHERE task_id = coalesce(\(task), task_id) LIMIT \(Int64(limit))
        """
    }

    static func decide(
        _ task: TaskID, _ decision: ReviewDecision, digest: String, reason: String?, score: Int?, agent: AgentName?,
        session: UUID?
    ) -> SQL {
        """
        SELECT submission, state, separated FROM pgswarm.review_decide(
            task => \(task), decision => \(decision.rawValue), digest => \(digest), reason => \(reason),
            score => \(score.map { Int32(clamping: $0) }), agent => \(agent), session => \(session))
        """
    }

    static func reopen(_ task: TaskID, toReview: Bool, reason: String, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.reopen(task => \(task), "to" => \(toReview ? "review" : "ready"), reason => \(reason),
            agent => \(agent), session => \(session))
        """
    }

    static func plant(_ queue: QueueName, _ draft: CanaryDraft, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.canary_plant(
            queue => \(queue), payload => \(draft.payload), result => \(draft.result),
            expected => \(draft.isGood ? "good" : "bad"), title => \(draft.title), kind => \(draft.kind),
            goal => \(draft.goal), agent => \(agent), session => \(session))
        """
    }

    static func canaries(agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT task_id, queue, title, expected, planted_at, planted_by, closed_at, verdicts
        FROM pgswarm.canary_list(agent => \(agent), session => \(session))
        """
    }
}
