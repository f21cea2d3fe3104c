import Postgres

import struct FoundationEssentials.UUID

/// The calls that ask people, and those that look at what was asked.
enum QuestionsSQL {
    /// The columns in the order in which ``QuestionInfo`` reads them.
    private static let columns = """
        id, state, severity, text, options, fallback, topic, scope, plan, asker, rung, on_deadline, deadline, overdue_since,
        answer, note, answered_by, answered_at, decision, tasks, blocks, late_answers, at
        """

    static func ask(
        _ draft: QuestionDraft, handle: Handle?, requestID: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT id, created, state, answer, task, task_state, waiters FROM pgswarm.question_ask(
            text => \(draft.text), options => \(draft.options.isEmpty ? nil : draft.options),
            fallback => \(draft.fallback), deadline => \(draft.deadline), on_deadline => \(draft.onDeadline.rawValue),
            rungs => \(draft.rungs), severity => \(draft.severity.rawValue), scope => \(draft.scope.rawValue),
            topic => \(draft.topic), handle => \(handle?.text), checkpoint => \(draft.checkpoint),
            park => \(draft.parks), request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func answer(
        _ id: Int64, _ answer: String, note: String?, asDecision: Bool, resume: Bool, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT code, state, message, final_answer, resumed FROM pgswarm.question_answer(
            id => \(id), answer => \(answer), note => \(note), as_decision => \(asDecision), resume => \(resume),
            agent => \(agent), session => \(session))
        """
    }

    static func withdraw(_ id: Int64, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.question_withdraw(
            id => \(id), reason => \(reason), agent => \(agent), session => \(session))
        """
    }

    static func list(openOnly: Bool, limit: Int) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.questions WHERE state = 'open' OR NOT \(openOnly)
        ORDER BY state <> 'open', array_position('{blocking,high,normal,low}', severity), blocks DESC, id
        LIMIT \(Int64(limit))
        """
    }

    static func show(_ id: Int64) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.questions WHERE id = \(id)"
    }

    static func answers(_ id: Int64) -> SQL {
        """
        SELECT at, by, separated, answer, note, late FROM pgswarm.question_answers WHERE question_id = \(id) ORDER BY at
        """
    }
}
