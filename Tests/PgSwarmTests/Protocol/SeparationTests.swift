import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

/// Who may not do what, for every function that there is: a new one without a decision fails here.
@Suite("A coordinator that can not execute", .database, .timeLimit(.minutes(5)))
struct SeparationTests {
    /// Nobody says there who calls: the database's grants decide, and a handle that only a claim gives.
    private static let unattributed: Set = [
        "renew(text,interval)", "progress", "complete", "fail", "release", "hold", "intent", "confirm",
        "reserve_extend", "reserve_free", "reserve_leave", "problem_abandon", "park_on_problem", "propose",
        "finding_answer", "review_submit",
        "evidence_put",  // by a handle
        "sweep", "promote", "maintain", "ring", "reserve_ring",  // for the swarm, not for a caller
        "webhook_next", "webhook_sent",  // the same
        "drain", "set_registration", "register_agent(text,boolean)",  // by a login alone
    ]

    /// What stands for an argument of this name; the others have defaults.
    private static let arguments: [String: String] = [
        "queue": "'q'", "queues": "ARRAY['q']", "handle": "'1.1.00'", "handles": "ARRAY['1.1.00']", "verdicts": "NULL",
        "bodies": "NULL", "count": "1", "task": "1", "tasks": "ARRAY[1]", "name": "'x'", "outcome": "'failed'",
        "problem": "1", "payloads": "ARRAY['{}'::jsonb]", "title": "'t'", "solution": "'1'", "evidence": "'e'",
        "namespace": "'n'", "patterns": "ARRAY['a']", "settings": "'{}'", "force": "'open'", "role": "'worker'",
        "target": "'swarm'", "action": "'pause'", "entries": "ARRAY['{}'::jsonb]", "resolution": "'invalid'",
        "payload": "'{}'", "reason": "'r'", "lease": "NULL", "symptom": "'s'", "kind": "'k'", "old": "1",
        "ids": "'{1}'",
        "superseded": "1", "text": "'t'", "error": "'e'", "resource": "'r'", "by": "1",
        "reference": "'r'", "paths": "ARRAY['a']", "taint": "1", "scope": "'swarm'", "axis": "'tokens'",
        "result": "'1'", "expected": "'good'", "finding": "1", "answer": "'fixed'", "decision": "'accept'",
        "digest": "'00'", "version": "'1.0.0'", "spec": "'{}'", "plan": "'p'", "followups": "'{}'", "drafts": "'{}'",
        "score": "5", "summary": "'s'", "url": "'https://x/'", "id": "1", "body": "'{}'", "from": "'1.0.0'",
        "to": "'1.0.0'", "policy": "'\"off\"'", "glob": "'src/**'", "level": "'high'", "contract": "'c'",
        "pin": "'c@1.0.0'", "old_version": "'1.0.0'", "new_version": "'2.0.0'",
    ]

    /// What has a default that would be refused before anybody asks who calls.
    private static let more = ["breaker_report": ["outcome"], "reserve_take": ["patterns"]]

    struct Function {
        let signature: String
        let name: String
        let required: [String]
        let caller: String?

        var isUnattributed: Bool {
            unattributed.contains(name)
                || unattributed.contains(signature.replacing("pgswarm.", with: "").replacing(", ", with: ","))
        }

        /// A call by a session or an agent's name.
        func call(_ actor: String) throws -> SQL {
            var given = try (required + more[name, default: []]).filter { $0 != caller }.map { name in
                guard let value = arguments[name] else { throw Unexpected("no argument for \(name) of \(signature)") }
                return "\"\(name)\" => \(value)"
            }
            guard let caller else { throw Unexpected("\(signature) does not know who calls: decide who may") }
            given.append("\(caller) => \(actor)")
            return SQL(unsafe: "SELECT * FROM pgswarm.\(name)(\(given.joined(separator: ", ")))")
        }
    }

    /// The functions that some roles are granted and others are not.
    private func functions(_ ada: Caller, for some: [String], not others: [String]) async throws -> [Function] {
        let rows = try await ada.rows(
            """
            SELECT p.oid::regprocedure::text, p.proname::text,
                   (p.proargnames::text[])[1:p.pronargs - p.pronargdefaults],
                   CASE WHEN 'session' = ANY (p.proargnames[1:p.pronargs]) THEN 'session'
                        WHEN 'agent' = ANY (p.proargnames[1:p.pronargs]) THEN 'agent' END
            FROM pg_proc p
            WHERE p.pronamespace = 'pgswarm'::regnamespace AND p.proname !~ '^_'
              AND (SELECT bool_or(has_function_privilege(r, p.oid, 'EXECUTE')) FROM unnest(\(some)) r)
              AND NOT (SELECT bool_or(has_function_privilege(r, p.oid, 'EXECUTE')) FROM unnest(\(others)) r)
            ORDER BY 1
            """)
        return try rows.map { row in
            Function(
                signature: try row[0, as: String.self], name: try row[1, as: String.self],
                required: try row[2, as: [String]?.self] ?? [], caller: try row[3, as: String?.self])
        }
    }

    @Test(
        "A coordinator's login is refused every executing function", arguments: ["coordinator", "reader", "reviewer"])
    func login(role: String) async throws {
        let ada = try await Caller.named()
        let executing = try await functions(ada, for: ["pgswarm_worker"], not: ["pgswarm_\(role)"])
        #expect(executing.count > 15)
        try await withLogin("pgswarm_\(role)") { login in
            for function in executing {
                let nulls: [String] = try await ada.column(
                    """
                    SELECT 'NULL::' || t::regtype FROM pg_proc p, unnest(p.proargtypes) t
                    WHERE p.oid = \(function.signature)::regprocedure
                    """)
                let call = SQL(unsafe: "SELECT pgswarm.\(function.name)(\(nulls.joined(separator: ", ")))")
                #expect(await refusal { try await login.rows(call) } == "42501", "\(call.text)")
            }
        }
    }

    @Test(
        "Whatever its login may, an agent is refused what is for other roles",
        arguments: [
            ("coordinator", ["worker"], ["coordinator"]),
            ("reviewer", ["worker", "coordinator", "operator"], ["reviewer"]),
            ("worker", ["coordinator", "operator", "reviewer"], ["worker"]),
            ("coordinator", ["operator"], ["coordinator"]),
        ])
    func agent(role: String, some: [String], others: [String]) async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let name = "the-\(role)"
        let credential: String = try await ada.value("SELECT pgswarm.register_agent(\(name), \(role))")
        let agent = Caller(connection: ada.connection, agent: name)
        let session = try await agent.openSession(credential: credential)
        let before = try await Picture.taken(by: ada)
        let denied = try await functions(ada, for: some.map { "pgswarm_\($0)" }, not: others.map { "pgswarm_\($0)" })
        #expect(denied.count > 5)
        for function in denied where !function.isUnattributed {
            let call = try function.call(function.caller == "session" ? "'\(session)'" : "'\(name)'")
            let code = await refusal { try await agent.rows(call) }
            #expect(code == "PS014", "\(call.text)")
        }
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test("A handle that is shown along with a session is that session's to show")
    func foreignHandle() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        for role in ["coordinator", "reviewer"] {
            let credential: String = try await ada.value("SELECT pgswarm.register_agent(\(role), \(role))")
            let session = try await Caller(connection: ada.connection, agent: role).openSession(credential: credential)
            for call: SQL in [
                "SELECT * FROM pgswarm.settle(ARRAY[\(handle)], session => \(session))",
                "SELECT * FROM pgswarm.renew(ARRAY[\(handle)], session => \(session))",
            ] {
                #expect(await refusal { try await ada.rows(call) } == "PS014", "\(call.text)")
            }
        }
        try await withLogin("pgswarm_reviewer") { login in
            for call: SQL in [
                "SELECT pgswarm.renew(\(handle))", "SELECT pgswarm.progress(\(handle))",
                "SELECT pgswarm.hold(\(handle))",
                "SELECT pgswarm.fail(\(handle))", "SELECT pgswarm.release(\(handle))",
                "SELECT pgswarm.settle(ARRAY[\(handle)])", "SELECT pgswarm.renew(ARRAY[\(handle)])",
            ] {
                #expect(await refusal { try await login.rows(call) } == "PS014", "\(call.text)")
            }
            // A review is its to hold.
            try await ada.rows("UPDATE pgswarm.queue SET reviews_of = id")
            #expect(try await login.value("SELECT status FROM pgswarm.renew(\(handle))", as: String.self) == "ok")
            try await login.rows("SELECT pgswarm.release(\(handle))")
            #expect(await refusal { try await ada.claim() } == "PS014")
        }
    }

    @Test("An unregistered name executes or coordinates, not both at once")
    func seats() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        #expect(await refusal { _ = try await ada.openSession(kind: "coordinator") } == "PS014")
        try await ada.release(claim.handle)
        let runtime = try await ada.openSession()
        let coordinator = try await ada.openSession(kind: "coordinator")
        let later = try await ada.openSession()
        for session in [runtime, later, coordinator] {
            #expect(await refusal { try await ada.claim(session: session) } == "PS014")
        }
        #expect(await refusal { try await ada.claim() } == "PS014")
        #expect(
            await refusal { try await ada.rows("SELECT * FROM pgswarm.reserve_take('n', '{a}', agent => 'ada')") }
                == "PS014")
        try await ada.rows("SELECT pgswarm.close_session(\(coordinator))")
        #expect(try await ada.claim(session: later).count == 1)
        // One that died is in nobody's way.
        _ = try await Caller.named("bob").openSession(kind: "coordinator")
        try await letPass(.seconds(600))
        try await ada.enqueue()
        #expect(try await Caller.named("bob").claim().count == 1)
    }
}
