import Postgres
import TestSupport
import Testing

@Suite("Views", .database, .timeLimit(.minutes(5)))
struct ViewTests {
    /// The columns that are promised; a view may have more.
    private static let promised: [String: [String]] = [
        "tasks": [
            "id", "queue", "kind", "title", "state", "reason", "priority", "attempts", "max_attempts", "agent",
            "payload",
            "result", "error", "created_at", "due_at", "started_at", "finished_at", "lease_until", "percent", "note",
            "epoch", "generation", "parent", "key", "trace", "late",
        ],
        "attempts": [
            "task_id", "attempt", "epoch", "generation", "agent", "outcome", "error", "note", "started_at", "ended_at",
        ],
        "queues": [
            "queue", "ready", "running", "scheduled", "blocked", "parked", "held", "done", "dead", "cancelled",
            "oldest_ready_seconds", "paused", "paused_reason", "lease_seconds", "max_attempts", "max_lost",
            "max_running",
            "backlog_limit", "strict_lease",
        ],
        "agents": [
            "agent", "incarnation", "sessions_live", "running", "last_seen", "retired_at", "role", "owner", "model",
            "capabilities", "minted_by", "expires_at",
        ],
        "sessions": [
            "session_id", "agent", "kind", "host", "pid", "client", "live", "expires_at", "opened_at", "leases",
            "role",
        ],
        "leases": [
            "task_id", "queue", "title", "agent", "session_id", "epoch", "attempt", "started_at", "lease_until", "live",
            "stalled", "progress_at", "deadline",
        ],
        "late_results": ["id", "task_id", "epoch", "agent", "verb", "result", "error", "reason", "at"],
        "dead_letters": ["task_id", "queue", "title", "attempts", "causes", "finished_at"],
        "effects": ["task_id", "key", "state", "detail", "result", "epoch", "agent", "intended_at", "confirmed_at"],
        "progress_reports": ["task_id", "at", "agent", "epoch", "percent", "note", "checkpoint", "usage"],
        "contracts": [
            "name", "version", "kind", "status", "compat", "owner", "digest", "superseded_by", "compared_with",
            "verdict",
            "published_by", "published_at", "agreed_by", "agreed_at", "ended_by", "ended_at", "ended_reason",
            "check_command", "note",
        ],
        "contract_dependents": [
            "name", "version", "role", "task_id", "queue", "title", "state", "agent", "plan", "status", "superseded_by",
            "waived",
        ],
        "seats": ["name", "agent", "session_id", "until", "live", "epoch"],
        "events": ["id", "at", "kind", "task_id", "queue", "agent", "detail", "settled", "xact"],
        "why_not_running": ["task_id", "queue", "title", "state", "reason", "message", "until"],
        "breakers": [
            "breaker", "scope", "name", "state", "cause", "changed_at", "version", "open_until", "not_before",
            "openings",
            "streak", "succeeded", "failed", "waiting", "permits", "forced_by", "forced_reason", "forced_until",
        ],
        "dependencies": ["task_id", "on_task_id", "met", "on_state"],
        "artifacts": [
            "id", "task_id", "plan", "kind", "name", "version", "newest", "state", "form", "media_type", "size",
            "sha256",
            "reference", "producer", "epoch", "generation", "contract_version", "created_at",
        ],
        "readings": [
            "at", "agent", "task_id", "generation", "epoch", "source_id", "source_generation", "submission_id",
            "artifact_id",
        ],
        "notes": ["plan", "key", "version", "value", "author", "task_id", "written_at"],
        "decisions": [
            "id", "plan", "task_id", "paths", "decision", "why", "author", "decided_at", "supersedes", "superseded_by",
            "author_task_id",
        ],
        "budgets": [
            "scope", "axis", "soft", "hard", "hold", "spent", "held", "left", "unreported", "parked", "soft_reached_at",
            "hard_reached_at", "created_at", "set_at", "set_by", "id",
        ],
        "budget_holds": [
            "scope", "axis", "task_id", "epoch", "agent", "at", "amount", "used", "ended_at", "outcome", "charged",
            "unreported", "budget_id",
        ],
        "plans": [
            "id", "plan", "goal", "version", "tasks", "counts", "done", "percent", "state", "created_at", "created_by",
            "changed_at", "changed_by", "changed_reason", "frozen_at", "frozen_by", "frozen_reason", "paused_at",
            "paused_by",
            "paused_reason", "limits", "followups",
        ],
        "plan_tasks": [
            "plan", "key", "task_id", "queue", "title", "state", "goal", "criteria", "size", "paths", "capabilities",
            "prefer",
            "estimate", "after", "version", "gone_in", "gone_as", "successor",
        ],
        "plan_versions": ["plan", "version", "at", "agent", "reason", "summary", "spec", "seat"],
        "followups": [
            "id", "state", "plan", "task_id", "queue", "agent", "at", "times", "depth", "title", "why", "draft",
            "decided_at",
            "decided_by", "reason", "made_task",
        ],
        "mailboxes": [
            "mailbox", "kind", "name", "unread", "delivered", "bytes", "max_count", "oldest_at", "dead", "members",
        ],
        "messages": [
            "id", "thread", "sender", "sent_at", "subject", "kind", "urgent", "hop", "in_reply_to", "as_holder_of",
            "expects_reply_by", "answered_at", "body", "recipients", "open",
        ],
        "deliveries": [
            "message", "recipient", "seq", "state", "thread", "deliveries", "generation", "delivered_at", "ended_at",
            "answered_at", "reader", "visible_until", "due_at", "expires_at", "reason",
        ],
        "triage": [
            "what", "id", "task_id", "queue", "kind", "title", "plan", "route", "why", "score", "scores", "needed",
            "spread",
            "risk", "risk_reasons", "blocks", "age_seconds", "weight", "round", "rounds", "number", "findings",
            "open_findings", "evidence_tier", "checks_green", "agent", "confidence", "digest", "at",
        ],
        "reviews": [
            "id", "submission_id", "task_id", "queue", "review_task_id", "agent", "owner", "family", "score", "summary",
            "at",
            "valid",
        ],
        "reviews_open": [
            "review_task_id", "task_id", "submission_id", "queue", "title", "round", "state", "agent", "lease_until",
            "able",
            "why", "created_at",
        ],
        "findings": [
            "id", "submission_id", "task_id", "review_id", "severity", "location", "claim", "suggested_check", "answer",
            "note",
            "answered_by", "answered_at", "at",
        ],
        "evidence_list": [
            "id", "task_id", "submission_id", "generation", "epoch", "tier", "kind", "body", "exit_status", "artifact",
            "agent",
            "fresh", "at",
        ],
        "review_policies": [
            "queue", "mode", "reviewers", "score", "rounds", "distinct", "min_evidence", "accept", "auto_accept",
            "auto_score",
            "auto_risk", "auto_evidence", "audit_rate", "floor", "auto_on", "auto_off_at", "auto_off_reason",
            "changed_at",
            "changed_by",
        ],
        "records": [
            "agent", "kind", "model", "accepted", "sent_back", "rejected", "tainted", "completed", "failed", "released",
            "lost",
            "canary_right", "canary_wrong", "at",
        ],
        "calibration": [
            "agent", "model", "verdicts", "known", "agreed", "wrongly_passed", "wrongly_stopped", "accuracy",
            "precision",
            "canaries", "mean_score",
        ],
        "dead_messages": ["message", "recipient", "sender", "body", "deliveries", "generation", "reason", "causes"],
    ]

    /// What others write to one another is for those who run the swarm.
    private static let confidential: Set = ["messages", "deliveries", "dead_messages"]

    @Test("Have the columns that are promised, of types that the client can read")
    func columns() async throws {
        let ada = try await Caller.named()
        for (view, names) in Self.promised {
            let columns: [String] = try await ada.column(
                """
                SELECT column_name::text FROM information_schema.columns
                WHERE table_schema = 'pgswarm' AND table_name = \(view)
                """)
            #expect(Set(names).subtracting(columns) == [], "\(view)")
        }
        let odd: [String] = try await ada.column(
            """
            SELECT DISTINCT udt_name::text FROM information_schema.columns
            WHERE table_schema = 'pgswarm' AND table_name IN (SELECT viewname FROM pg_views WHERE schemaname = 'pgswarm')
            """)
        let known: Set = [
            "bool", "int4", "int8", "float4", "float8", "text", "jsonb", "timestamptz", "_text", "_int4", "_int8",
            "interval",
        ]
        #expect(Set(odd).subtracting(known) == [])
    }

    /// A task in each of the places where one can be.
    private func fill(_ ada: Caller) async throws -> [Int: String] {
        var states: [Int: String] = [:]
        for (queue, state) in [("a", "done"), ("b", "dead"), ("c", "running"), ("d", "ready")] {
            let task = try await ada.enqueue(queue, #"{"title": "x"}"#)
            states[task] = state
            let claim = try await ada.claimOne(queue)
            switch state {
            case "done": try await ada.complete(claim.handle)
            case "dead": try await ada.fail(claim.handle, dead: true)
            case "ready": try await ada.release(claim.handle)
            default: try await ada.progress(claim.handle, note: "n", percent: 5)
            }
        }
        let fresh = try await ada.enqueue("e")
        states[fresh] = "ready"
        states[try await ada.enqueue("f", #"{"delay": 60}"#)] = "scheduled"
        states[try await ada.enqueue("f", #"{"after": [\#(fresh)]}"#)] = "blocked"
        let cancelled = try await ada.enqueue("g")
        try await ada.cancel(cancelled)
        states[cancelled] = "cancelled"
        return states
    }

    @Test("Show every task once, in its state; lists are newest first")
    func everyTask() async throws {
        let ada = try await Caller.named()
        let states = try await fill(ada)
        let rows = try await ada.rows("SELECT id, state FROM pgswarm.tasks")
        let pairs = try rows.map { row in try row.decode((Int, String).self) }
        #expect(pairs.count == states.count)
        #expect(Dictionary(pairs, uniquingKeysWith: { one, _ in one + " twice" }) == states)
        let newest = states.keys.sorted(by: >)
        func list(_ arguments: String) async throws -> [Int] {
            try await ada.column("SELECT id FROM pgswarm.list_tasks(\(raw: arguments))")
        }
        #expect(try await list("") == newest)
        #expect(try await list("lim => 2") == Array(newest.prefix(2)))
        #expect(try await list("lim => 2, before => \(newest[1])") == Array(newest[2..<4]))
        #expect(
            try await list("states => ARRAY['ready', 'dead']")
                == newest.filter { ["ready", "dead"].contains(states[$0]) })
        #expect(try await list("queue => 'f'").count == 2)
        #expect(try await list("queue => 'f', states => ARRAY['blocked']").count == 1)
        #expect(try await list("queue => 'unknown'") == [])
    }

    @Test(
        "Can be read by each role that looks, whatever the tables hold",
        arguments: ["pgswarm_reader", "pgswarm_worker", "pgswarm_coordinator", "pgswarm_reviewer", "pgswarm_operator"])
    func readable(role: String) async throws {
        let ada = try await Caller.named()
        _ = try await fill(ada)
        let session = try await ada.openSession()
        try await ada.rows("SELECT pgswarm.take_seat('s', \(session))")
        try await withLogin(role) { reader in
            for view in Self.promised.keys {
                let isOpen = !Self.confidential.contains(view) || ["pgswarm_reader", "pgswarm_operator"].contains(role)
                #expect(
                    await refusal { try await reader.rows("SELECT * FROM pgswarm.\(identifier: view)") }
                        == (isOpen ? "accepted" : "42501"),
                    "\(view)")
            }
            try await reader.rows("SELECT * FROM pgswarm.why_empty(ARRAY['a'])")
            try await reader.rows("SELECT * FROM pgswarm.list_tasks()")
            try await reader.rows("SELECT pgswarm.schema_version()")
        }
    }

    @Test("Answer for one task without reading the others")
    func oneTask() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 5000)
        try await ada.settle(ada.claim(count: 2000).map(\.handle))
        try await ada.claim(count: 500)
        try await ada.script("ANALYZE")
        for task in [tasks[0], tasks[2200], tasks[4999]] {
            let buffers = try await buffers(ada, "SELECT * FROM pgswarm.tasks WHERE id = \(task)")
            #expect(buffers < 80)
        }
        let all = try await buffers(ada, "SELECT * FROM pgswarm.list_tasks()")
        #expect(all < 2500)
    }
}
