import Postgres
import TestSupport
import Testing

@Suite("Keys and request ids of enqueue", .database, .timeLimit(.minutes(5)))
struct KeyTests {
    @Test("The same key and body is the same task; another body is refused")
    func key() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"key": "k", "priority": 3}"#, payload: #"{"a": 1}"#)
        let again = try await ada.rows(
            """
            SELECT id, created FROM pgswarm.enqueue_many('q', ARRAY['{"a": 1}'::jsonb], '{"priority": 3, "key": "k"}')
            """)[0]
        #expect(try again[0, as: Int.self] == task)
        #expect(try again[1, as: Bool.self] == false)
        let other = await refusalMessage { try await ada.enqueue("q", #"{"key": "k", "priority": 3}"#, payload: "2") }
        #expect(other.code == "PS008")
        #expect(other.message.contains("\(task)"))
        #expect(await refusal { try await ada.enqueue("q", #"{"key": "k"}"#, payload: #"{"a": 1}"#) } == "PS008")
        #expect(try await ada.enqueue("r", #"{"key": "k"}"#, payload: "2") != task)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 2)
    }

    @Test("A trace does not make a repetition another request")
    func trace() async throws {
        let ada = try await Caller.named()
        let trace = "00-0af7651916cd43dd8448eb211c80319c"
        let task = try await ada.enqueue("q", #"{"key": "k", "trace": "\#(trace)-b7ad6b7169203331-01"}"#)
        #expect(try await ada.enqueue("q", #"{"key": "k", "trace": "\#(trace)-00f067aa0ba902b7-00"}"#) == task)
    }

    @Test("A key counts within one call too, and after the task has ended")
    func within() async throws {
        let ada = try await Caller.named()
        let rows = try await ada.rows(
            """
            SELECT id, created FROM pgswarm.enqueue_many('q', ARRAY['1', '1', '1']::jsonb[], NULL,
                ARRAY['{"key": "k"}', '{"key": "k"}', '{"key": "l"}']::jsonb[]) ORDER BY ord
            """)
        let ids = try rows.map { try $0[0, as: Int.self] }
        #expect(ids[0] == ids[1] && ids[1] != ids[2])
        #expect(try rows.map { try $0[1, as: Bool.self] } == [true, false, true])
        try await ada.complete(ada.claimOne().handle)
        #expect(try await ada.enqueue("q", #"{"key": "k"}"#, payload: "1") == ids[0])
    }

    @Test("Enqueued 100 times at once with one key: one task, one answer")
    func concurrentKey() async throws {
        let crowd = try await Crowd(20)
        let ids = try await crowd.each { _, member in
            var ids: [Int] = []
            for _ in 0..<5 { ids.append(try await member.enqueue("q", #"{"key": "once"}"#, payload: "1")) }
            return ids
        }.flatMap { $0 }
        #expect(ids.count == 100 && Set(ids).count == 1)
        let ada = try await Caller.named()
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 1)
        let events = "SELECT count(*) FROM pgswarm.event WHERE kind = 'enqueued'" as SQL
        #expect(try await ada.value(events, as: Int.self) == 1)
        await crowd.disperse()
    }

    @Test("Enqueued 100 times at once with one request id: one effect, one answer")
    func concurrentRequest() async throws {
        let crowd = try await Crowd(20)
        let answers = try await crowd.each { _, member in
            var answers: [String] = []
            for _ in 0..<5 {
                answers.append(
                    try await member.value(
                        """
                        SELECT string_agg(id || ' ' || created, ',' ORDER BY ord) FROM pgswarm.enqueue_many(
                            'q', ARRAY['1', '2', '3']::jsonb[], agent => 'ada', request_id => 'r')
                        """))
            }
            return answers
        }.flatMap { $0 }
        #expect(answers.count == 100 && Set(answers).count == 1)
        let ada = try await Caller.named()
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 3)
        await crowd.disperse()
    }

    @Test("A request id belongs to one request of one agent")
    func mismatch() async throws {
        let ada = try await Caller.named()
        func enqueue(_ payload: String, as agent: String) async throws -> Int {
            try await ada.value(
                """
                SELECT id FROM pgswarm.enqueue_many('q', ARRAY[\(JSONText(payload))], agent => \(agent), request_id => 'r')
                """)
        }
        let first = try await enqueue("1", as: "ada")
        #expect(await refusal { _ = try await enqueue("2", as: "ada") } == "PS008")
        #expect(try await enqueue("2", as: "bob") != first)
        #expect(try await enqueue("1", as: "ada") == first)
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.enqueue_many('q', ARRAY['1'::jsonb], request_id => '')")
            } == "PS003")
    }
}
