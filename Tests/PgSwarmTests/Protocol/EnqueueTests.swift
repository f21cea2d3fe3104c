import Postgres
import TestSupport
import Testing

@Suite("Enqueue", .database, .timeLimit(.minutes(5)))
struct EnqueueTests {
    @Test("Makes the queue at first use; what is enqueued is ready")
    func firstUse() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("builds", #"{"title": "one", "kind": "compile"}"#, payload: #"{"a": 1}"#)
        let row = try await ada.rows("SELECT * FROM pgswarm.tasks WHERE id = \(task)")[0]
        #expect(try row["queue", as: String.self] == "builds")
        #expect(try row["state", as: String.self] == "ready")
        #expect(try row["title", as: String.self] == "one")
        #expect(try row["kind", as: String.self] == "compile")
        #expect(try row["payload", as: JSONText.self].text == #"{"a": 1}"#)
        #expect(try row["attempts", as: Int.self] == 0)
        #expect(try await ada.column("SELECT queue FROM pgswarm.queues", as: String.self) == ["builds"])
    }

    @Test("Answers one row for each payload, in order")
    func many() async throws {
        let ada = try await Caller.named()
        let ids = try await ada.enqueue(count: 100)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 100)
        let payloads: [Int] = try await ada.column("SELECT (payload ->> 'n')::bigint FROM pgswarm.tasks ORDER BY id")
        #expect(payloads == Array(1...100))
        #expect(try await ada.column("SELECT id FROM pgswarm.enqueue_many('q', '{}')", as: Int.self) == [])
    }

    @Test("Options of one item override those of all")
    func options() async throws {
        let ada = try await Caller.named()
        let ids: [Int] = try await ada.column(
            """
            SELECT id FROM pgswarm.enqueue_many('q', ARRAY['1', '2', '3']::jsonb[],
                '{"priority": 5, "title": "all"}', ARRAY[NULL, '{"priority": -1}', '{"title": "own"}']::jsonb[])
            """)
        let rows = try await ada.rows("SELECT title, priority FROM pgswarm.tasks WHERE id = ANY (\(ids)) ORDER BY id")
        #expect(try rows.map { try $0[0, as: String.self] } == ["all", "all", "own"])
        #expect(try rows.map { try $0[1, as: Int.self] } == [5, -1, 5])
    }

    @Test("A bad item refuses all of them and is named")
    func badItem() async throws {
        let ada = try await Caller.named()
        let bad: [(String, String, String)] = [
            (#"{"titel": "x"}"#, "PS003", "titel"),
            (#"{"priority": "high"}"#, "PS003", "priority"),
            (#"{"priority": 40000}"#, "PS003", "priority"),
            (#"{"delay": -1}"#, "PS003", "delay"),
            (#"{"delay": "NaN"}"#, "PS003", "delay"),
            (#"{"at": "yesterday"}"#, "PS003", "at"),
            (#"{"lease": 0}"#, "PS003", "lease"),
            (#"{"lease": 1000000}"#, "PS003", "lease"),
            (#"{"deadline": -5}"#, "PS003", "deadline"),
            (#"{"max_attempts": 0}"#, "PS003", "max_attempts"),
            (#"{"needs": "gpu"}"#, "PS003", "needs"),
            (#"{"key": ""}"#, "PS003", "key"),
            (#"{"trace": "zzz"}"#, "PS003", "trace"),
            (#"{"after": 7}"#, "PS003", "after"),
            (#"{"after": ["x"]}"#, "PS003", "x"),
            (#"{"after": [null]}"#, "PS003", ""),
            (#"{"after": [123456]}"#, "PS002", "123456"),
            (#"[]"#, "PS003", ""),
        ]
        for (options, code, word) in bad {
            let answer = await refusalMessage {
                try await ada.rows(
                    """
                    SELECT id FROM pgswarm.enqueue_many('q', ARRAY['1', '2']::jsonb[], NULL,
                        ARRAY['{}', \(JSONText(options))])
                    """)
            }
            #expect(answer.code == code, "\(options): \(answer.message)")
            #expect(answer.message.contains(word), "\(options): \(answer.message)")
        }
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 0)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.event WHERE tasks <> '{}'", as: Int.self) == 0)
    }

    @Test("Refuses payloads that are missing or too large, and queue names that are none")
    func badPayloads() async throws {
        let ada = try await Caller.named()
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.enqueue_many('q', ARRAY['1', NULL]::jsonb[])") }
                == "PS003")
        #expect(
            await refusal {
                try await ada.rows(
                    "SELECT pgswarm.enqueue('q', jsonb_build_object('x', repeat('x', 2000000)))")
            } == "PS009")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.enqueue_many('q', array_fill('1'::jsonb, ARRAY[10001]))")
            } == "PS009")
        #expect(
            await refusal {
                try await ada.rows(
                    "SELECT pgswarm.enqueue_many('q', ARRAY['1']::jsonb[], NULL, ARRAY['{}', '{}']::jsonb[])")
            } == "PS003")
        for name in ["", " q", "a b", "q\n", "-q", String(repeating: "q", count: 129)] {
            #expect(await refusal { try await ada.enqueue(name) } == "PS003", "\(name)")
        }
        #expect(await refusal { try await ada.rows("SELECT pgswarm.enqueue(NULL)") } == "PS003")
    }

    @Test("Waits for its time, given as a delay or a moment")
    func time() async throws {
        let ada = try await Caller.named()
        let later = try await ada.enqueue("q", #"{"delay": 60}"#)
        let now = try await ada.enqueue("q", #"{"delay": 0}"#)
        let past = try await ada.enqueue("q", #"{"at": "2001-01-01T00:00:00Z"}"#)
        #expect(try await ada.state(of: later) == "scheduled")
        #expect(try await ada.claim(count: 10).map(\.id) == [now, past])
        try await letPass(.seconds(59))
        #expect(try await ada.claim() == [])
        try await letPass(.seconds(2))
        #expect(try await ada.claim().map(\.id) == [later])
    }

    @Test("Belongs to the caller's transaction")
    func transaction() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue("q")
        let before = try await Picture.taken(by: bob)
        try await ada.script("BEGIN")
        let task = try await ada.enqueue("q", #"{"key": "k"}"#)
        #expect(try await bob.state(of: task) == nil)
        try await ada.script("ROLLBACK")
        #expect(try await Picture.taken(by: bob) == before)
    }

    @Test("A child belongs to the task whose holder enqueued it")
    func parent() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        let child = try await ada.enqueue("children", parent: claim.handle)
        #expect(try await ada.value("SELECT parent FROM pgswarm.tasks WHERE id = \(child)", as: Int.self) == task)
        try await ada.complete(claim.handle)
        #expect(await refusal { try await ada.enqueue("children", parent: claim.handle) } == "PS001")
        #expect(await refusal { try await ada.enqueue("children", #"{"key": "k"}"#, parent: claim.handle) } == "PS001")
        #expect(await refusal { try await ada.enqueue("children", parent: "7.1") } == "PS004")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 2)
    }

    @Test("The function for one task takes all the options as parameters")
    func one() async throws {
        let ada = try await Caller.named()
        let up = try await ada.enqueue("up")
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let task: Int = try await ada.value(
            """
            SELECT pgswarm.enqueue('q', '{"p": 1}', title => 't', kind => 'k', priority => -3, delay => '1 hour',
                key => 'key', max_attempts => 9, lease => '20 s', deadline => '1 min', after => ARRAY[\(up)],
                needs => ARRAY['gpu'], trace => \(trace))
            """)
        try await ada.complete(ada.claimOne("up").handle)
        try await letPass(.seconds(3601))
        let row = try await ada.rows("SELECT *, deadline - lease_until AS left FROM pgswarm.claim('q')")[0]
        #expect(try row["id", as: Int.self] == task)
        #expect(try row["title", as: String.self] == "t")
        #expect(try row["kind", as: String.self] == "k")
        #expect(try row["priority", as: Int.self] == -3)
        #expect(try row["max_attempts", as: Int.self] == 9)
        #expect(try row["lease_seconds", as: Double.self] == 20)
        #expect(try row["left", as: Duration.self] == .seconds(40))
        #expect(try row["needs", as: [String].self] == ["gpu"])
        #expect(try row["trace", as: String.self] == trace)
    }
}
