import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Roles and grants", .database, .timeLimit(.minutes(5)))
struct RoleTests {
    private static let tables: SQL = """
        SELECT c.relname::text FROM pg_class c
        WHERE c.relnamespace = 'pgswarm'::regnamespace AND c.relkind IN ('r', 'p')
          AND (NOT c.relispartition OR c.relname LIKE '%default')
        """

    @Test("A login with only the worker's role does a worker's whole day through functions")
    func worker() async throws {
        try await withLogin("pgswarm_worker") { worker in
            let task = try await worker.enqueue("q", #"{"title": "by hand"}"#)
            let claim = try await worker.claimOne()
            #expect(claim.id == task)
            #expect(try await worker.renew(claim.handle) == "ok")
            try await worker.progress(claim.handle, note: "going", checkpoint: "1")
            try await worker.intent(claim.handle, "e")
            try await worker.confirm(claim.handle, "e")
            try await worker.hold(claim.handle)
            #expect(try await worker.complete(claim.handle, "{}") == "done")
            let session = try await worker.openSession()
            #expect(try await worker.beat(session) == "ok")
            try await worker.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q'])")
            try await worker.enqueue("q", count: 3)
            let next = try await worker.step(session, nil).claims[0]
            #expect(try await worker.step(session, next.handle).code == "ok")
            try await worker.rows("SELECT pgswarm.ring(ARRAY['q'])")
            try await worker.rows("SELECT pgswarm.held(\(session))")
            try await worker.rows("SELECT pgswarm.close_session(\(session))")
            let agents: [String] = try await worker.column(
                "SELECT DISTINCT agent FROM pgswarm.attempts WHERE agent IS NOT NULL")
            #expect(agents.count == 1 && agents[0].hasPrefix("login_"))
        }
    }

    @Test(
        "Nobody but the owner has any right on any table, sequence or type of row",
        arguments: ["pgswarm_worker", "pgswarm_coordinator", "pgswarm_reviewer", "pgswarm_operator", "pgswarm_reader"])
    func noTableRights(role: String) async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        try await ada.claim()
        let tables: [String] = try await ada.column(Self.tables)
        #expect(tables.count > 20)
        let before = try await Picture.taken(by: ada)
        try await withLogin(role) { login in
            for table in tables {
                let column: String = try await ada.value(
                    """
                    SELECT attname::text FROM pg_attribute
                    WHERE attrelid = ('pgswarm.' || quote_ident(\(table)))::regclass AND attnum > 0 AND attidentity = ''
                    ORDER BY attnum LIMIT 1
                    """)
                for statement in [
                    "SELECT * FROM pgswarm.%", "INSERT INTO pgswarm.% DEFAULT VALUES", "DELETE FROM pgswarm.%",
                    "UPDATE pgswarm.% SET \(column) = \(column)", "TRUNCATE pgswarm.%",
                    "SELECT * FROM pgswarm.% FOR UPDATE", "CREATE INDEX ON pgswarm.% (\(column))",
                    "DROP TABLE pgswarm.%",
                    "ALTER TABLE pgswarm.% DISABLE TRIGGER ALL", "COPY pgswarm.% TO STDOUT",
                ] {
                    let sql = SQL(
                        unsafe: statement.split(separator: "%", omittingEmptySubsequences: false).joined(
                            separator: table))
                    #expect(await refusal { try await login.rows(sql) } == "42501", "\(sql.text)")
                }
            }
            for statement: SQL in [
                "SELECT nextval('pgswarm.task_id')", "SELECT setval('pgswarm.task_id', 1)",
                "CREATE TABLE pgswarm.mine ()",
                "CREATE FUNCTION pgswarm.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SET ROLE pgswarm_owner",
                "ALTER FUNCTION pgswarm.clock() OWNER TO CURRENT_USER", "DROP SCHEMA pgswarm CASCADE",
                "CREATE OR REPLACE FUNCTION pgswarm.clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
            ] {
                #expect(await refusal { try await login.rows(statement) } == "42501", "\(statement.text)")
            }
        }
        let allowed: Set = ["event", "session", "agent"]
        #expect(Set(try await Picture.taken(by: ada).differences(from: before)).subtracting(allowed) == [])
    }

    @Test("Each function is given to the roles that it is for, and inner ones to nobody")
    func functions() async throws {
        let ada = try await Caller.named()
        let everybody: Set = ["worker", "coordinator", "reviewer", "operator", "reader"]
        let taking: Set = ["worker", "coordinator", "operator"]
        let steering: Set = ["coordinator", "operator"]
        var expected: [String: Set<String>] = [:]
        for name in [
            "enqueue", "enqueue_many", "ring", "reserve_ring", "reserve_check",
            "problem_report", "problem_solve", "problem_supersede", "problem_confirm", "problem_flag",
            "open_session", "beat", "close_session", "enqueue", "enqueue_many", "ring", "reserve_ring", "reserve_check",
            "problem_report", "problem_solve", "problem_supersede", "problem_confirm", "problem_flag",
            "contract_publish",
        ] {
            expected[name] = taking
        }
        for name in ["open_session", "beat", "close_session"] { expected[name] = taking.union(["reviewer"]) }
        for name in [
            "claim", "claim_task", "held", "wait_for", "renew", "progress", "settle", "complete", "fail", "release",
            "step",
            "intent", "confirm", "hold", "breaker_report", "breaker_permit", "reserve_take", "reserve_extend",
            "reserve_free", "reserve_leave", "propose", "problem_begin", "problem_abandon", "park_on_problem",
            "claim", "claim_task", "wait_for", "complete", "step", "intent", "confirm", "breaker_report",
            "claim", "claim_task", "wait_for", "complete", "finding_answer", "step", "intent", "confirm", "breaker_report",
            "claim", "claim_task", "wait_for", "complete", "finding_answer", "step", "intent", "confirm",
            "breaker_report",
            "breaker_permit", "reserve_take", "reserve_extend",
            "reserve_free", "reserve_leave", "problem_begin", "problem_abandon", "park_on_problem",
        ] { expected[name] = ["worker"] }
        for name in ["held", "renew", "progress", "settle", "fail", "release", "hold", "mint_agent"] {
            expected[name] = ["worker", "reviewer"]
        }
        for name in ["review_next", "review_submit"] { expected[name] = ["reviewer", "operator"] }
        expected["evidence_put"] = ["worker", "reviewer", "operator"]
        for name in [
            "plan_apply", "plan_freeze", "plan_unfreeze", "plan_pause", "plan_resume", "followup_accept",
            "followup_decline",
            "cancel", "retry", "pause", "resume", "sweep", "promote", "maintain", "take_seat", "leave_seat",
            "breaker_set", "control", "mark_integrated", "problem_close", "problem_import",
            "breaker_force", "breaker_set", "control", "problem_close", "problem_import",
            "contract_agree", "contract_deprecate", "contract_withdraw", "contract_repin",
            "breaker_force", "breaker_set", "control", "problem_close", "problem_import", "budget_set", "budget_drop",
        ] { expected[name] = steering }
        for name in [
            "message_send", "message_receive", "message_ack", "message_nack", "message_peek", "message_thread",
            "message_dead", "message_redrive", "message_discard", "message_subscribe", "message_unsubscribe",
            "message_wait", "message_ring", "artifact_put", "artifact_get", "note_set", "decision_log",
        ] { expected[name] = taking.union(["reviewer"]) }
        for name in [
            "set_queue", "set_followups", "set_messages", "register_agent", "retire_agent", "drain", "set_registration",
            "set_namespace",
            "problem_set",
            "set_queue", "set_messages", "register_agent", "retire_agent", "drain", "set_registration", "set_namespace",
            "problem_set", "set_agent", "breaker_force", "taint_apply", "taint_clear",
            "problem_set", "artifact_set",
            "set_queue", "set_followups", "set_messages", "register_agent", "retire_agent", "drain", "set_registration",
            "set_namespace",
            "problem_set",
            "problem_set", "contract_waive",
            "set_queue", "set_followups", "set_messages", "register_agent", "retire_agent", "drain", "set_registration",
            "set_namespace",
            "problem_set",
            "set_queue", "set_messages", "register_agent", "retire_agent", "drain", "set_registration", "set_namespace",
            "problem_set", "set_agent", "breaker_force", "taint_apply", "taint_clear",
            "set_queue", "set_messages", "register_agent", "retire_agent", "drain", "set_registration", "set_namespace",
            "problem_set", "artifact_set",
            "problem_set", "set_agent", "breaker_force", "taint_apply", "taint_clear", "set_review", "set_risk",
            "review_decide", "reopen", "canary_plant", "canary_list",
        ] {
            expected[name] = ["operator"]
        }
        // The inner ones are called by views, with the rights of whoever reads them.
        for name in [
            "why", "why_empty", "plan_show", "list_tasks", "schema_version", "clock", "_is_live", "_state_of",
            "why", "why_empty", "budget_show", "list_tasks", "schema_version", "clock", "_is_live", "_state_of",
            "why", "taint_preview", "why_empty", "list_tasks", "schema_version", "clock", "_is_live", "_state_of",
            "_breaker_state_of",
            "_is_shut_of", "_breaker_written", "globs_overlap",
            "_is_reserved", "_in_line", "error_signature", "problem_find", "problem_export",
            "artifact_list", "note_get", "note_list", "note_history",
            "contract_get", "contract_check", "contract_compat", "contract_dependents", "schema_validate", "schema_errors",
            "contract_get", "contract_check", "contract_compat", "contract_dependents", "schema_validate",
            "schema_errors",
            "schema_check", "schema_compat",
            "_is_reserved", "_in_line", "review_policy", "review_route", "_blocked_by", "_faded_now", "_is_evidence_fresh",
            "_is_reserved", "_in_line", "review_policy", "review_route", "_blocked_by", "_faded_now",
            "_is_evidence_fresh",
            "_proof_of", "_rounds_of", "_judges_for", "error_signature", "problem_find", "problem_export",
        ] {
            expected[name] = everybody
        }
        let rows = try await ada.rows(
            """
            SELECT p.proname::text, p.oid::regprocedure::text, r.role,
                   has_function_privilege('pgswarm_' || r.role, p.oid, 'EXECUTE')
            FROM pg_proc p, unnest(\(everybody.sorted())) r (role)
            WHERE p.pronamespace = 'pgswarm'::regnamespace
            """)
        var names: Set<String> = []
        for row in rows {
            let (name, signature, role, may) = try row.decode((String, String, String, Bool).self)
            names.insert(name)
            #expect(may == (expected[name] ?? []).contains(role), "\(role) and \(signature)")
        }
        #expect(Set(expected.keys).subtracting(names) == [])
        let open: [String] = try await ada.column(
            """
            SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.pronamespace = 'pgswarm'::regnamespace AND p.proname <> 'clock'
              AND (SELECT bool_or(a.grantee = 0) FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a)
            """)
        #expect(open == [])
    }

    @Test("Inner functions are refused when called, with whatever arguments")
    func inner() async throws {
        try await withLogin("pgswarm_worker", "pgswarm_coordinator", "pgswarm_operator") { login in
            for call: SQL in [
                "SELECT pgswarm._handle(1, 1, gen_random_uuid())", "SELECT pgswarm._sweep(1)",
                "SELECT pgswarm._promote(NULL, 1, now())", "SELECT pgswarm._lose_if_void(1, now())",
                "SELECT pgswarm._settle(NULL, NULL, NULL)", "SELECT pgswarm._unblock('{1}')",
                "SELECT pgswarm._hold_still(1)",
            ] {
                #expect(await refusal { try await login.rows(call) } == "42501", "\(call.text)")
            }
        }
    }

    @Test("A coordinator plans and steers, but can not execute; a reader only looks")
    func separation() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        let session = UUID()
        func refusesExecution(_ login: Caller) async throws {
            for call in login.writes(of: claim.handle).map(\.sql).filter({ !$0.text.contains("enqueue") }) {
                #expect(await refusal { try await login.rows(call) } == "42501", "\(call.text)")
            }
            #expect(await refusal { try await login.claim() } == "42501")
            #expect(await refusal { _ = try await login.claimTask(task) } == "42501")
            #expect(await refusal { try await login.settle(claim.handle) } == "42501")
            #expect(await refusal { _ = try await login.renew([claim.handle]) } == "42501")
            #expect(await refusal { _ = try await login.step(session, nil) } == "42501")
        }
        try await withLogin("pgswarm_coordinator") { login in
            try await refusesExecution(login)
            try await login.enqueue()
            let session = try await login.openSession(kind: "coordinator")
            try await login.rows("SELECT pgswarm.take_seat('s', \(session))")
            try await login.sweep()
            try await login.rows("SELECT pgswarm.maintain()")
            #expect(try await login.cancel(task) == ["ok"])
            #expect(try await login.retry(task) == ["ok"])
            try await login.rows("SELECT pgswarm.pause('q')")
            #expect(await refusal { try await login.setQueue("q", "{}") } == "42501")
        }
        for role in ["pgswarm_reader", "pgswarm_reviewer"] {
            try await withLogin(role) { login in
                if role == "pgswarm_reader" {
                    try await refusesExecution(login)
                    #expect(await refusal { _ = try await login.openSession() } == "42501")
                }
                #expect(await refusal { try await login.claim() } == "42501")
                #expect(await refusal { try await login.enqueue() } == "42501")
                #expect(await refusal { try await login.cancel(task) } == "42501")
                _ = try await login.why(task)
            }
        }
        try await withLogin { stranger in
            #expect(await refusal { try await stranger.rows("SELECT * FROM pgswarm.tasks") } == "42501")
            #expect(await refusal { try await stranger.enqueue() } == "42501")
        }
    }

    @Test("Every function that runs with the owner's rights pins its search path, temporary objects last")
    func searchPath() async throws {
        let ada = try await Caller.named()
        let unpinned: [String] = try await ada.column(
            """
            SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.pronamespace = 'pgswarm'::regnamespace AND p.prosecdef
              AND NOT coalesce('search_path=pg_catalog, pgswarm, pg_temp' = ANY (p.proconfig), false)
            """)
        #expect(unpinned == [])
        let undefined: [String] = try await ada.column(
            """
            SELECT p.oid::regprocedure::text FROM pg_proc p
            WHERE p.pronamespace = 'pgswarm'::regnamespace AND NOT p.prosecdef
              AND has_function_privilege('pgswarm_worker', p.oid, 'EXECUTE') AND p.proname <> 'clock'
            """)
        #expect(undefined == [])
    }

    @Test("A caller's own objects under the protocol's names change nothing")
    func attack() async throws {
        let ada = try await Caller.named()
        try await ada.script("CREATE SCHEMA attack; GRANT ALL ON SCHEMA attack TO PUBLIC")
        try await withLogin("pgswarm_worker") { worker in
            try await worker.script(
                """
                CREATE TEMP TABLE lease (LIKE pg_class); CREATE TEMP TABLE task (id int); CREATE TEMP TABLE queue (id int);
                CREATE TEMP TABLE session (id int); CREATE TEMP TABLE setting (open_registration boolean);
                CREATE FUNCTION pg_temp.clock() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'infinity'::timestamptz $$;
                CREATE FUNCTION attack.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'owned'::text $$;
                CREATE FUNCTION attack.owner(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$
                    BEGIN EXECUTE 'DELETE FROM pgswarm.task'; RETURN true; END $$;
                CREATE OPERATOR attack.= (LEFTARG = integer, RIGHTARG = integer, PROCEDURE = attack.owner);
                CREATE OPERATOR attack.< (LEFTARG = integer, RIGHTARG = integer, PROCEDURE = attack.owner);
                SET search_path = pg_temp, attack, pgswarm, pg_catalog
                """)
            let task = try await worker.enqueue("q", #"{"key": "k"}"#)
            let claim = try await worker.claimOne()
            #expect(claim.id == task)
            try await worker.renew(claim.handle)
            try await worker.progress(claim.handle, note: "x")
            #expect(try await worker.complete(claim.handle) == "done")
            #expect(await refusal { try await worker.enqueue("no queue") } == "PS003")
        }
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 1)
    }
}
