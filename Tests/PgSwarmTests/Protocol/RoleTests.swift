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
        let groups: [(roles: Set<String>, functions: [String])] = [
            (
                ["coordinator", "operator", "reviewer", "worker"],
                [
                    "artifact_get", "artifact_put", "beat", "close_session", "decision_log", "message_ack",
                    "message_dead", "message_discard", "message_nack", "message_peek", "message_receive",
                    "message_redrive", "message_ring", "message_send", "message_subscribe", "message_thread",
                    "message_unsubscribe", "message_wait", "note_set", "open_session", "question_answer",
                    "question_ask", "question_withdraw",
                ]
            ),
            (
                ["coordinator", "operator", "worker"],
                [
                    "contract_publish", "enqueue", "enqueue_many", "problem_confirm", "problem_flag",
                    "problem_report", "problem_solve", "problem_supersede", "reserve_check", "reserve_ring", "ring",
                ]
            ),
            (
                ["operator", "reviewer", "worker"],
                [
                    "evidence_put"
                ]
            ),
            (
                ["coordinator", "operator"],
                [
                    "breaker_set", "cancel", "contract_agree", "contract_deprecate", "contract_repin",
                    "contract_withdraw", "control", "followup_accept", "followup_decline", "leave_seat", "maintain",
                    "mark_integrated", "pause", "plan_apply", "plan_freeze", "plan_pause", "plan_resume",
                    "plan_unfreeze", "problem_close", "problem_import", "promote", "resume", "retry", "sweep",
                    "take_seat", "webhook_next", "webhook_sent",
                ]
            ),
            (
                ["operator", "reviewer"],
                [
                    "review_next", "review_submit",
                ]
            ),
            (
                ["reviewer", "worker"],
                [
                    "fail", "held", "hold", "mint_agent", "progress", "release", "renew", "settle",
                ]
            ),
            (
                ["operator"],
                [
                    "artifact_set", "breaker_force", "budget_drop", "budget_set", "canary_list", "canary_plant",
                    "contract_waive", "drain", "problem_set", "register_agent", "reopen", "retire_agent",
                    "review_decide", "set_agent", "set_followups", "set_messages", "set_namespace", "set_queue",
                    "set_registration", "set_review", "set_risk", "taint_apply", "taint_clear", "webhook_set",
                    "webhook_test",
                ]
            ),
            (
                ["worker"],
                [
                    "breaker_permit", "breaker_report", "claim", "claim_task", "complete", "confirm",
                    "finding_answer", "intent", "park_on_problem", "problem_abandon", "problem_begin", "propose",
                    "reserve_extend", "reserve_free", "reserve_leave", "reserve_take", "step", "wait_for",
                ]
            ),
            (
                ["coordinator", "operator", "reader", "reviewer", "worker"],
                [
                    "_blocked_by", "_breaker_state_of", "_breaker_written", "_faded_now", "_in_line",
                    "_is_evidence_fresh", "_is_live", "_is_reserved", "_is_shut_of", "_judges_for", "_proof_of",
                    "_rounds_of", "_state_of", "_waiting_behind", "artifact_list", "budget_show", "clock",
                    "contract_check", "contract_compat", "contract_dependents", "contract_get", "error_signature",
                    "globs_overlap", "list_tasks", "note_get", "note_history", "note_list", "plan_show",
                    "problem_export", "problem_find", "review_policy", "review_route", "schema_check",
                    "schema_compat", "schema_errors", "schema_validate", "schema_version", "taint_preview", "why",
                    "why_empty",
                ]
            ),
        ]
        // Those with an underscore are called by views, with the rights of whoever reads them.
        var expected: [String: Set<String>] = [:]
        for group in groups {
            for name in group.functions { expected[name] = group.roles }
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
