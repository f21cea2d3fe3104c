import Postgres

import struct FoundationEssentials.UUID

/// The calls of the scratchpad and of the decision log.
enum NotesSQL {
    static func set(
        _ key: String, _ value: JSONText?, expect: NoteExpectation, in scope: NoteScope, requestID: String?,
        agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT version FROM pgswarm.note_set(
            key => \(key), value => \(value), expect_version => \(expect.number), plan => \(scope.plan),
            handle => \(scope.handle?.text), request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func get(_ key: String, in scope: NoteScope) -> SQL {
        """
        SELECT \(key), version, value, octet_length(value::text), author, task_id, written_at
        FROM pgswarm.note_get(key => \(key), plan => \(scope.plan), handle => \(scope.handle?.text))
        """
    }

    static func list(_ prefix: String, in scope: NoteScope, limit: Int, after: String?) -> SQL {
        """
        SELECT key, version, value, size, author, task_id, written_at
        FROM pgswarm.note_list(
            prefix => \(prefix), plan => \(scope.plan), handle => \(scope.handle?.text), count => \(Int32(clamping: limit)),
            after => \(after))
        """
    }

    static func history(_ key: String, in scope: NoteScope, limit: Int) -> SQL {
        """
        SELECT \(key), version, value, octet_length(value::text), author, task_id, written_at
        FROM pgswarm.note_history(
            key => \(key), plan => \(scope.plan), handle => \(scope.handle?.text), count => \(Int32(clamping: limit)))
        """
    }

    static func log(_ draft: DecisionDraft, requestID: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id FROM pgswarm.decision_log(
            decision => \(draft.text), why => \(draft.why), plan => \(draft.scope.plan), task => \(draft.task),
            paths => \(draft.paths), supersedes => \(draft.supersedes), handle => \(draft.scope.handle?.text),
            request_id => \(requestID), agent => \(agent), session => \(session))
        """
    }

    static func decisions(plan: String?, all: Bool, limit: Int) -> SQL {
        """
        SELECT id, plan, task_id, paths, decision, why, author, decided_at, supersedes, superseded_by
        FROM pgswarm.decisions
        WHERE (\(plan) IS NULL OR coalesce(plan, 'swarm') = \(plan)) AND (\(all) OR superseded_by IS NULL)
        ORDER BY id DESC LIMIT \(Int64(limit))
        """
    }
}
