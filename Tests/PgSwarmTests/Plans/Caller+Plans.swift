import Postgres

import struct FoundationEssentials.UUID

extension Caller {
    /// The head of every plan here: one queue, no contracts, one criterion.
    static func plan(_ tasks: String, more: String = "", defaults: String = "") -> String {
        """
        {"goal": "all is there"\(more), "defaults": {"queue": "q", "contract": "none", "criteria": "it works"\(defaults)},
         "tasks": \(tasks)}
        """
    }

    /// Writes a plan; answers what became of each key that differs: "key action".
    @discardableResult
    func apply(
        _ name: String = "p", spec: String, expected: Int? = nil, dryRun: Bool = false, cancelRunning: Bool = false,
        request: String? = nil, session: UUID? = nil
    ) async throws -> [String] {
        let agent = session == nil ? agent : nil
        return try await column(
            """
            SELECT (i ->> 'key') || ' ' || (i ->> 'action')
            FROM pgswarm.plan_apply(\(name), \(JSONText(spec)), \(expected.map(Int32.init)), \(dryRun), \(cancelRunning),
                     request_id => \(request), agent => \(agent), session => \(session)) a,
                 jsonb_array_elements(a -> 'items') i
            """)
    }

    /// The task that stands for a key now.
    func task(_ key: String, of plan: String = "p") async throws -> Int {
        try await value(
            "SELECT task_id FROM pgswarm.plan_tasks WHERE plan = \(plan) AND key = \(key) AND gone_in IS NULL")
    }

    /// The states of a plan's tasks: "key state", by key.
    func states(of plan: String = "p") async throws -> [String] {
        try await column(
            "SELECT key || ' ' || state FROM pgswarm.plan_tasks WHERE plan = \(plan) AND gone_in IS NULL ORDER BY key")
    }

    func version(of plan: String = "p") async throws -> Int {
        try await value("SELECT version FROM pgswarm.plans WHERE plan = \(plan)")
    }

    /// Claims the task of a key and completes it.
    func finish(_ key: String, of plan: String = "p") async throws {
        try await complete(try await claimTask(try await task(key, of: plan)).handle, "1")
    }
}
