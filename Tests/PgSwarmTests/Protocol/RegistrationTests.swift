import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Who registers whom, and who is of whose line", .database, .timeLimit(.minutes(5)))
struct RegistrationTests {
    private func register(_ name: String, _ role: String, by caller: Caller, session: UUID? = nil) async throws
        -> String
    {
        try await caller.value(
            """
            SELECT pgswarm.register_agent(\(name), \(role), agent => \(session == nil ? caller.agent : nil),
                                          session => \(session))
            """)
    }

    private func session(_ name: String, _ credential: String, on caller: Caller) async throws -> UUID {
        try await Caller(connection: caller.connection, agent: name).openSession(credential: credential)
    }

    private func lineage(of name: String, _ ada: Caller) async throws -> Set<String> {
        Set(
            try await ada.column(
                """
                SELECT a.name FROM pgswarm.agent a
                WHERE a.id = ANY (pgswarm._lineage((SELECT x.id FROM pgswarm.agent x WHERE x.name = \(name))))
                """))
    }

    @Test("A role is for good, and what else is known of an agent is checked and shown")
    func described() async throws {
        let ada = try await Caller.named()
        let credential: String = try await ada.value(
            """
            SELECT pgswarm.register_agent('w', 'worker', owner => 'ann', model => 'sonnet/4.5',
                                          capabilities => '{swift,gpu,swift}')
            """)
        #expect(credential.hasPrefix("pgs_worker_"))
        let row = try await ada.rows("SELECT role, owner, model, capabilities FROM pgswarm.agents WHERE agent = 'w'")[0]
        #expect(
            try row.decode((String, String, String, [String]).self) == (
                "worker", "ann", "sonnet/4.5", ["gpu", "swift"]
            ))
        let settings: SQL = #"SELECT pgswarm.set_agent('w', '{"model": "haiku/4", "owner": null}')::text"#
        #expect(
            try await ada.value(settings) == #"{"model": "haiku/4", "owner": null, "capabilities": ["gpu", "swift"]}"#)
        for (call, code): (SQL, String) in [
            ("SELECT pgswarm.register_agent('w', 'reviewer', replace_credential => true)", "PS010"),
            ("SELECT pgswarm.register_agent('v', 'king')", "PS003"),
            ("SELECT pgswarm.register_agent('v', 'worker', model => 'a b')", "PS003"),
            ("SELECT pgswarm.register_agent('v', 'worker', owner => '')", "PS003"),
            ("SELECT pgswarm.register_agent('v', 'worker', capabilities => '{\"a b\"}')", "PS003"),
            ("SELECT pgswarm.register_agent('', 'worker')", "PS003"),
            ("SELECT pgswarm.register_agent(NULL, 'worker')", "PS003"),
            (#"SELECT pgswarm.set_agent('w', '{"role": "human"}')"#, "PS003"),
            (#"SELECT pgswarm.set_agent('w', '{"capabilities": "x"}')"#, "PS003"),
            (#"SELECT pgswarm.set_agent('w', '{"capabilities": [1, null]}')"#, "PS003"),
            ("SELECT pgswarm.set_agent('w', '[]')", "PS003"), ("SELECT pgswarm.set_agent('nobody', '{}')", "PS002"),
        ] {
            #expect(await refusal { try await ada.rows(call) } == code, "\(call.text)")
        }
    }

    @Test("Whoever registers without being a person is of the line of whom it registers; a person is of nobody's")
    func registrars() async throws {
        let ada = try await Caller.named()
        _ = try await register("mine", "reviewer", by: ada)
        let human = try await register("ann", "human", by: ada)
        // The first person is anybody's to register, the next one a person's.
        #expect(await refusal { _ = try await register("puppet", "human", by: ada) } == "PS014")
        let ann = try await session("ann", human, on: ada)
        _ = try await register("eve", "human", by: ada, session: ann)
        // Else an author would register the judge of its own work, under a name invented for that.
        #expect(await refusal { _ = try await register("puppet", "reviewer", by: ada) } == "PS014")
        _ = try await register("hers", "reviewer", by: ada, session: ann)
        #expect(try await lineage(of: "mine", ada) == ["ada", "mine"])
        #expect(try await lineage(of: "hers", ada) == ["hers"])
        // Nor does a new credential lead out of the line, or into another's.
        for name in ["hers", "ann"] {
            let call: SQL = "SELECT pgswarm.register_agent(\(name), NULL, replace_credential => true, agent => 'ada')"
            #expect(await refusal { try await ada.rows(call) } == "PS014")
        }
        for call: SQL in [
            "SELECT pgswarm.retire_agent('ann', agent => 'ada')", "SELECT pgswarm.retire_agent('hers', agent => 'ada')",
            #"SELECT pgswarm.set_agent('hers', '{"owner": "eve"}', agent => 'ada')"#,
        ] { #expect(await refusal { try await ada.rows(call) } == "PS014", "\(call.text)") }
        for role in ["worker", "coordinator", "reviewer"] {
            let name = "a-\(role)"
            let own = try await session(name, register(name, role, by: ada, session: ann), on: ada)
            #expect(await refusal { _ = try await register("x", "worker", by: ada, session: own) } == "PS014")
        }
        // A name that worked before it was registered as something else does not go on working.
        let bob = try await Caller.named("bob")
        try await bob.enqueue()
        let claim = try await bob.claimOne()
        _ = try await register("bob", "reviewer", by: ada, session: ann)
        #expect(await refusal { try await bob.complete(claim.handle) } == "PS001")
    }

    @Test("A child has its parent's role at most, and ends with it")
    func children() async throws {
        let ada = try await Caller.named()
        let worker = try await session("w", register("w", "worker", by: ada), on: ada)
        try await ada.rows(#"SELECT pgswarm.set_agent('w', '{"owner": "ann", "capabilities": ["a", "b"]}')"#)
        func mint(_ name: String, _ options: String = "", by session: UUID) async throws -> String {
            try await ada.value(
                SQL(unsafe: "SELECT credential FROM pgswarm.mint_agent('\(name)', session => '\(session)'\(options))"))
        }
        for options in [
            ", role => 'reviewer'", ", role => 'human'", ", role => 'coordinator'", ", capabilities => '{c}'",
        ] { #expect(await refusal { _ = try await mint("x", options, by: worker) } == "PS014", "\(options)") }
        #expect(await refusal { _ = try await mint("x", ", expires => '-1 s'", by: worker) } == "PS003")
        #expect(await refusal { _ = try await mint("ada", by: worker) } == "PS010")
        for role in ["coordinator", "human"] {
            let other = try await session(role, register(role, role, by: ada), on: ada)
            #expect(await refusal { _ = try await mint("x", by: other) } == "PS014")
        }
        let child = try await session(
            "c", mint("c", ", expires => '1 hour', capabilities => '{a}'", by: worker), on: ada)
        let last = try await session("d", mint("d", ", expires => '5 hours'", by: child), on: ada)
        #expect(
            try await ada.column("SELECT DISTINCT owner FROM pgswarm.agents WHERE minted_by IN ('w', 'c')") == ["ann"])
        #expect(try await lineage(of: "d", ada) == ["ada", "w", "c", "d", "coordinator"])
        try await ada.enqueue(count: 3)
        let leaf = Caller(connection: ada.connection, agent: "d")
        let claim = try await leaf.claimOne(session: last)
        // Not after its parent's.
        try await letPass(.seconds(3599))
        #expect(try await leaf.beat(last) == "ok")
        #expect(try await leaf.renew(claim.handle) == "ok")
        try await letPass(.seconds(2))
        #expect(await refusal { try await leaf.claim(session: last) } == "PS013")
        #expect(try await ada.sweep().lost == 1)
        #expect(await refusal { try await leaf.complete(claim.handle) } == "PS001")
        let second = try await session("e", mint("e", by: worker), on: ada)
        try await ada.rows("SELECT pgswarm.retire_agent('w', 'successor')")
        #expect(await refusal { try await leaf.claim(session: second) } == "PS013")
        let retired: [String] = try await ada.column(
            "SELECT agent FROM pgswarm.agents WHERE retired_at IS NOT NULL ORDER BY 1")
        #expect(retired == ["c", "d", "e", "w"])
    }

    @Test("Who succeeds an agent is of its line")
    func successors() async throws {
        let ada = try await Caller.named()
        for name in ["first", "second", "third"] {
            try await ada.rows("SELECT pgswarm.register_agent(\(name), 'worker')")
        }
        try await ada.rows("SELECT pgswarm.retire_agent('first', 'second')")
        try await ada.rows("SELECT pgswarm.retire_agent('second', 'third')")
        #expect(try await lineage(of: "third", ada) == ["first", "second", "third"])
        #expect(try await lineage(of: "first", ada) == ["first", "second", "third"])
    }

    @Test("A person is who shows a person's credential, or has a login that executes nothing")
    func humans() async throws {
        let ada = try await Caller.named()
        func human(_ agent: String?, _ session: UUID? = nil) async throws -> Bool {
            try await ada.value("SELECT separated FROM pgswarm._human(\(agent), \(session))")
        }
        #expect(try await human("ada") == false)
        #expect(try await human(nil) == false)  // a superuser's login is everybody's
        let credential = try await register("ann", "human", by: ada)
        #expect(try await human(nil, session("ann", credential, on: ada)) == true)
        #expect(await refusal { _ = try await human("ann") } == "PS012")
        let coordinator = try await ada.openSession(kind: "coordinator")
        #expect(await refusal { _ = try await human(nil, coordinator) } == "PS014")
        let owner = try await Caller.named(nil)
        for role in ["worker", "coordinator", "reviewer"] {
            let session = try await session(role, register(role, role, by: owner), on: ada)
            #expect(await refusal { _ = try await human(nil, session) } == "PS014")
        }
        try await ada.rows("GRANT EXECUTE ON FUNCTION pgswarm._human(text, uuid) TO PUBLIC")
        try await ada.rows("ALTER FUNCTION pgswarm._human(text, uuid) SECURITY DEFINER")
        let question: SQL = "SELECT separated FROM pgswarm._human(NULL, NULL)"
        try await withLogin("pgswarm_operator") { login in
            let answer: Bool = try await login.value(question)
            #expect(answer)
        }
        try await withLogin("pgswarm_operator", "pgswarm_worker") { login in
            let answer: Bool = try await login.value(question)
            #expect(!answer)
        }
        try await withLogin("pgswarm_worker") { login in
            #expect(await refusal { try await login.rows("SELECT pgswarm._human(NULL, NULL)") } == "PS014")
        }
    }
}
