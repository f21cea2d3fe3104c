import Postgres

import struct FoundationEssentials.UUID

/// The calls of plans.
enum PlansSQL {
    static let list: SQL = """
        SELECT plan, goal, version, state, coalesce(tasks, 0), done, counts, changed_at, changed_by, frozen_by, paused_by
        FROM pgswarm.plans ORDER BY changed_at DESC NULLS LAST, id DESC
        """

    static func show(_ name: String) -> SQL { "SELECT pgswarm.plan_show(\(name))" }

    static func apply(
        _ name: String, _ spec: JSONText, expected: Int?, dryRun: Bool, cancelRunning: Bool, reason: String?,
        requestID: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT pgswarm.plan_apply(
            name => \(name), spec => \(spec), expected => \(expected.map { Int32(clamping: $0) }), dry_run => \(dryRun),
            cancel_running => \(cancelRunning), reason => \(reason), request_id => \(requestID), agent => \(agent),
            session => \(session))
        """
    }

    static func freeze(_ name: String, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.plan_freeze(\(name), \(reason), \(agent), \(session))"
    }

    static func unfreeze(_ name: String, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.plan_unfreeze(\(name), \(reason), \(agent), \(session))"
    }

    static func pause(_ name: String, reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.plan_pause(\(name), \(reason), \(agent), \(session))"
    }

    static func resume(_ name: String, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.plan_resume(\(name), \(agent), \(session))"
    }

    static func followups(plan: String?, states: [String]?, limit: Int) -> SQL {
        """
        SELECT id, state, plan, task_id, queue, agent, at, times, title, why, draft, decided_by, reason, made_task
        FROM pgswarm.followups
        WHERE (\(plan)::text IS NULL OR plan = \(plan)) AND state = ANY (coalesce(\(states), ARRAY['proposed']))
        ORDER BY id LIMIT \(Int64(limit))
        """
    }

    static func propose(_ handle: Handle, _ drafts: [JSONText], why: String?) -> SQL {
        "SELECT id, state, created, task FROM pgswarm.propose(\(handle.text), \(drafts), \(why)) ORDER BY ord"
    }

    static func accept(
        _ ids: [Int64], edits: JSONText?, reason: String?, requestID: String?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT id, task, key, plan, queue FROM pgswarm.followup_accept(
            ids => \(ids), edits => \(edits), reason => \(reason), request_id => \(requestID), agent => \(agent),
            session => \(session))
        """
    }

    static func decline(_ ids: [Int64], reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        "SELECT pgswarm.followup_decline(\(ids), \(reason), \(agent), \(session))"
    }
}
