import Postgres

import struct FoundationEssentials.UUID

/// The calls that take results back, and those that look at what was taken back.
enum TaintSQL {
    /// The columns in the order in which ``TaintMark`` reads them.
    private static let columns =
        "taint_id, task_id, queue, title, depth, via, was, action, state, repair, cleared, cleared_at, note"

    static func preview(_ tasks: [TaskID], _ policy: TaintPolicy) -> SQL {
        """
        SELECT NULL::bigint, task_id, queue, title, depth, via, state, action, state, NULL::bigint, NULL::text,
               NULL::timestamptz, NULL::text
        FROM pgswarm.taint_preview(
            tasks => \(tasks), root => \(policy.root.rawValue), running => \(policy.running.rawValue))
        """
    }

    static func apply(
        _ tasks: [TaskID], reason: String, _ policy: TaintPolicy, requestID: String?, agent: AgentName?,
        session: UUID?
    ) -> SQL {
        """
        SELECT m.taint_id, m.task_id, t.queue, t.title, m.depth, m.via, m.was, m.action, m.state, m.repair, NULL::text,
               NULL::timestamptz, NULL::text
        FROM pgswarm.taint_apply(
            tasks => \(tasks), reason => \(reason), root => \(policy.root.rawValue),
            running => \(policy.running.rawValue), request_id => \(requestID), agent => \(agent),
            session => \(session)) m
        JOIN LATERAL (SELECT x.queue, x.title FROM pgswarm.tasks x WHERE x.id = m.task_id OFFSET 0) t ON true
        ORDER BY m.depth, m.task_id
        """
    }

    static func clear(
        _ taint: Int64, _ tasks: [TaskID]?, reason: String, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT task_id, code, state FROM pgswarm.taint_clear(
            taint => \(taint), tasks => \(tasks), reason => \(reason), agent => \(agent), session => \(session))
        ORDER BY task_id
        """
    }

    static func integrated(_ task: TaskID, reference: String, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.mark_integrated(
            task => \(task), reference => \(reference), agent => \(agent), session => \(session))
        """
    }

    static func list(openOnly: Bool) -> SQL {
        """
        SELECT id, kind, reason, at, by, tasks, open FROM pgswarm.taints
        WHERE open > 0 OR NOT \(openOnly) ORDER BY id DESC LIMIT 500
        """
    }

    static func marks(_ taint: Int64) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.tainted WHERE taint_id = \(taint) ORDER BY depth, task_id"
    }
}
