import Postgres
import TestSupport
import Testing

@Suite("Artifacts", .database, .timeLimit(.minutes(5)))
struct ArtifactTests {
    @Test("One content is kept once; a repetition answers the same; other content is the next version")
    func versions() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let first = try await ada.claimOne().handle
        let second = try await ada.claimOne().handle
        let one = try await ada.put("hello", name: "a.md", handle: first)
        #expect(one.hash == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
        let again = try await ada.put("hello", name: "a.md", handle: first)
        #expect(again.id == one.id && !again.created && again.version == 1)
        let two = try await ada.put("hello, world", name: "a.md", handle: first)
        #expect(two.created && two.version == 2)
        #expect(try await ada.put("hello", name: "a.md", handle: first).version == 3)
        #expect(try await ada.put("hello", name: "a.md", handle: second).version == 1)
        #expect(try await ada.put("hello").created)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.artifact_body", as: Int.self) == 2)
        #expect(try await ada.read(one.id) == "hello")
        #expect(try await ada.read(two.id) == "hello, world")
        let newest: [Int] = try await ada.column("SELECT id FROM pgswarm.artifact_list(task => 1)")
        #expect(newest.count == 1)
        let part: String = try await ada.value(
            "SELECT convert_from(body, 'UTF8') FROM pgswarm.artifact_get(\(two.id), first_byte => 7, max_bytes => 3)")
        #expect(part == "wor")
    }

    @Test("The same request has one effect, also when the hold has gone on since")
    func requests() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let one = try await ada.put("a", name: "n", handle: handle, request: "r")
        try await ada.put("b", name: "n", handle: handle)
        #expect(try await ada.put("a", name: "n", handle: handle, request: "r") == one)
        #expect(await refusal { try await ada.put("c", name: "n", handle: handle, request: "r") } == "PS008")
    }

    @Test("Accepted is what the accepted hold has put, and nothing that another hold of the task left")
    func states() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"retry_base": 0, "retry_cap": 0}"#)
        let task = try await ada.enqueue()
        let old = try await ada.claimOne().handle
        let left = try await ada.put("first try", name: "a", handle: old)
        try await ada.fail(old, "no", retryIn: .zero)
        #expect(await refusal { try await ada.put("late", name: "a", handle: old) } == "PS001")
        let handle = try await ada.claimTask(task).handle
        let made = try await ada.put("second try", name: "a", handle: handle)
        #expect(try await ada.artifactState(made.id) == "unaccepted")
        let early: Int = try await ada.value(
            "SELECT id FROM pgswarm.artifact_get(task => \(task), name => 'a', agent => 'bob')")
        #expect(early == made.id)
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.artifact_get(task => \(task), name => 'a', accepted_only => true)")
            } == "PS002")
        try await ada.complete(handle)
        #expect(try await ada.artifactState(made.id) == "accepted")
        #expect(try await ada.artifactState(left.id) == "unaccepted")
        #expect(try await ada.artifactState(try await ada.put("spec").id) == "given")
        #expect(
            try await ada.column(
                "SELECT id FROM pgswarm.artifact_list(accepted_only => true, all_versions => true) ORDER BY id",
                as: Int.self
            ).count == 2)
    }

    @Test(
        "In review it is unaccepted, then accepted, then tainted when the task is taken back; readings name the version"
    )
    func governed() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"review": "peers"}"#)
        let reader = try await ada.enqueue("r")
        let handle = try await ada.claimTask(task).handle
        let made = try await ada.put("v1", name: "a", handle: handle)
        try await ada.complete(handle, "1")
        #expect(try await ada.artifactState(made.id) == "unaccepted")
        let hold = try await ada.claimTask(reader).handle
        try await ada.read(made.id, handle: hold)
        try await ada.read(made.id, handle: hold)
        try await accept(task, ada)
        #expect(try await ada.artifactState(made.id) == "accepted")
        try await ada.rows("SELECT pgswarm._reopen(\(task), 'review', NULL, 'look again', pgswarm.clock())")
        #expect(try await ada.artifactState(made.id) == "tainted")
        try await accept(task, ada)
        #expect(try await ada.artifactState(made.id) == "accepted")
        try await ada.read(made.id, handle: hold)
        // Read in review, and once more as the next generation: two versions, each recorded once.
        let versions: [Int] = try await ada.column(
            """
            SELECT source_generation FROM pgswarm.readings
            WHERE task_id = \(reader) AND source_id = \(task) AND artifact_id = \(made.id) AND submission_id IS NOT NULL
            ORDER BY at
            """)
        #expect(versions == [0, 1])
        // The verdict was bound to what was put.
        let digests: [Bool] = try await ada.column(
            "SELECT digest = pgswarm._digest(task, result) FROM pgswarm.submission WHERE task = \(task)")
        #expect(digests == [true, true])
        let without: Bool = try await ada.value(
            "SELECT digest <> sha256(convert_to(jsonb_build_array(result, NULL, NULL)::text, 'UTF8')) FROM pgswarm.submission WHERE number = 1 AND generation = 0"
        )
        #expect(without)
    }

    @Test("Every reading is recorded: as the hold's, or as that of somebody who looked")
    func readings() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 2)
        let source = try await ada.claimOne().handle
        let made = try await ada.put("x", handle: source)
        let given = try await ada.put("y")
        let hold = try await bob.claimOne()
        try await bob.read(made.id, handle: hold.handle)
        try await bob.read(given.id, handle: hold.handle)
        try await bob.read(made.id)
        try await bob.read(made.id)
        let rows = try await ada.rows(
            "SELECT agent, task_id, epoch, source_id, artifact_id FROM pgswarm.readings ORDER BY at")
        #expect(rows.count == 3)
        let first = try rows[0].decode((String, Int?, Int?, Int?, Int).self)
        #expect(first == ("bob", hold.id, hold.epoch, 1, made.id))
        let second = try rows[1].decode((String, Int?, Int?, Int?, Int).self)
        #expect(second == ("bob", hold.id, hold.epoch, nil, given.id))
        let third = try rows[2].decode((String, Int?, Int?, Int?, Int).self)
        #expect(third == ("bob", nil, nil, 1, made.id))
        // A hold that was lost reads nothing in the task's name.
        try await bob.complete(hold.handle)
        #expect(await refusal { try await bob.read(made.id, handle: hold.handle) } == "PS001")
    }

    @Test(
        "Who read an artifact of a task that is taken back is reached by that, and nobody else; what it made is tainted"
    )
    func taint() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        let source = try await ada.claimTask(tasks[0]).handle
        let made = try await ada.put("wrong", name: "a", handle: source)
        try await ada.complete(source)
        var results: [Int] = []
        for task in tasks[1...] {
            let handle = try await ada.claimTask(task).handle
            if task == tasks[1] { try await ada.read(made.id, handle: handle) }
            results.append(try await ada.put("built by \(task)", handle: handle).id)
            try await ada.complete(handle)
        }
        try await ada.rows("SELECT pgswarm.mark_integrated(\(tasks[1]), 'main', agent => 'ada')")
        let reached: [Int] = try await ada.column(
            "SELECT task_id FROM pgswarm.taint_apply(ARRAY[\(tasks[0])], 'wrong', agent => 'ada') ORDER BY depth")
        #expect(reached == [tasks[0], tasks[1]])
        #expect(try await ada.artifactState(made.id) == "tainted")
        // Integrated: its outcome stands until it is mended, and is tainted all the same.
        #expect(try await ada.artifactState(results[0]) == "tainted")
        #expect(try await ada.artifactState(results[1]) == "accepted")
    }

    @Test("A claim brings what the tasks before it made, named and not carried")
    func brief() async throws {
        let ada = try await Caller.named()
        let source = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await ada.put("old", name: "a", handle: handle)
        let made = try await ada.put("new", name: "a", handle: handle)
        try await ada.complete(handle)
        let task = try await ada.enqueue("q", #"{"after": [\#(source)], "goal": "go on"}"#)
        try await ada.note("port", "8080")
        try await ada.rows("SELECT pgswarm.decision_log('we use tabs', agent => 'ada')")
        let brief: JSONText = try await ada.value(
            "SELECT jsonb_build_array(brief -> 'artifacts', brief -> 'notes', brief -> 'decisions') FROM pgswarm.claim_task(\(task), agent => 'ada')"
        )
        #expect(brief.text.contains(#""id": "\#(made.id)""#) && brief.text.contains(#""state": "accepted""#))
        #expect(brief.text.contains(made.hash) && !brief.text.contains("new") && brief.text.contains(#""version": 2"#))
        #expect(brief.text.contains(#""key": "port""#) && brief.text.contains("we use tabs"))
    }

    @Test("Whoever coordinates or reviews puts no code, by no login and no session")
    func roles() async throws {
        let ada = try await Caller.named()
        let session: String = try await ada.value(
            "SELECT session::text FROM pgswarm.open_session('boss', 'coordinator')")
        for kind in ["code", "diff"] {
            #expect(
                await refusal {
                    try await ada.rows(
                        "SELECT pgswarm.artifact_put(\(kind), body_text => 'x', session => \(session)::text::uuid)")
                } == "PS014")
        }
        try await ada.rows(
            "SELECT pgswarm.artifact_put('document', body_text => 'x', session => \(session)::text::uuid)")
        for role in ["pgswarm_coordinator", "pgswarm_reviewer"] {
            try await withLogin(role) { login in
                #expect(
                    await refusal { try await login.rows("SELECT pgswarm.artifact_put('code', body_text => 'x')") }
                        == "PS014")
                _ = try await login.rows("SELECT pgswarm.artifact_put('document', body_text => 'x')")
            }
        }
        try await withLogin("pgswarm_worker") { login in
            _ = try await login.rows("SELECT pgswarm.artifact_put('code', body_text => 'x')")
        }
    }

    @Test("Upkeep removes contents that nothing points to, and none that somebody has just put")
    func upkeep() async throws {
        let ada = try await Caller.named()
        try await ada.put("one", name: "a")
        try await ada.put("two", name: "a")
        try await ada.put("three")
        try await ada.enqueue(count: 2)
        let ended = try await ada.claimOne().handle
        try await ada.put("four", name: "b", handle: ended)
        try await ada.complete(ended)
        try await ada.put("five", name: "c", handle: try await ada.claimOne().handle)
        try await letPass(.seconds(91 * 86400))
        try await ada.rows("SELECT pgswarm.maintain()")
        // The newest of a name stays, and what a task made that is still there.
        #expect(
            try await ada.column("SELECT name FROM pgswarm.artifacts ORDER BY name", as: String?.self) == ["a", "c"])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.artifact_body", as: Int.self) == 2)
        let crowd = try await Crowd(4)
        _ = try await crowd.each { index, caller in
            for round in 0..<100 {
                if index == 0 {
                    try await caller.rows("SELECT pgswarm._upkeep_artifacts(pgswarm.clock() + interval '1 hour', 100)")
                } else {
                    try await caller.put("the same \(round / 5)", name: "n-\(index)")
                }
            }
        }
        let lost: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.artifact a WHERE NOT EXISTS (SELECT FROM pgswarm.artifact_body b WHERE b.hash = a.body AND sha256(b.body) = a.hash)"
        )
        #expect(lost == 0)
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test("A hold has a quota, and so has an agent within an hour")
    func quota() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.artifact_set('{\"artifact_quota\": 2}')")
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        for text in ["a", "b"] {
            try await ada.put(text, handle: handle)
            try await ada.put(text)
        }
        #expect(await refusal { try await ada.put("c", handle: handle) } == "PS009")
        #expect(await refusal { try await ada.put("c") } == "PS009")
        #expect(try await !ada.put("b", handle: handle).created)
        try await letPass(.seconds(3601))
        #expect(try await ada.put("c").created)
    }

    private func accept(_ task: Int, _ caller: Caller) async throws {
        try await caller.rows(
            """
            SELECT pgswarm._accept((SELECT id FROM pgswarm.submission WHERE task = \(task) AND state = 'open'),
                                   'human', 5, NULL, NULL, pgswarm.clock())
            """)
    }
}
