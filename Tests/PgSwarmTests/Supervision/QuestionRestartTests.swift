import EmbeddedPostgres
import FoundationEssentials
import Glibc
import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Questions on a server that is killed", .timeLimit(.minutes(5)))
struct QuestionRestartTests {
    @Test("Nothing is lost: every task resumes or ends as it was declared")
    func restarts() async throws {
        let server = try FallibleServer()
        var ada = try await server.start(isFirst: true)
        let tasks = try await ada.enqueue(count: 14)
        let claims = try await ada.claim(count: 14)
        try await ada.rows("SELECT pgswarm.webhook_set('http://127.0.0.1:9/', agent => 'ada')")
        for number in 0..<10 {
            try await ask(
                "'Which colour?', ARRAY['red', 'blue'], checkpoint => '{\"done\": \(number)}'", claims[number], ada)
        }
        let ways = ["wait", "default", "deny", "escalate"]
        for (way, claim) in zip(ways, claims.dropFirst(10)) {
            let terms = "deadline => '1 hour', on_deadline => '\(way)', fallback => 'f', rungs => '{coordinator,human}'"
            try await ask("'\(way)?', \(terms)", claim, ada)
        }

        // Killed with everything asked and nothing answered.
        ada = try await server.killed()
        #expect(try await states(ada) == ["open", "open", "open", "open", "open"])
        #expect(
            try await ada.column("SELECT waiters FROM pgswarm.questions ORDER BY id", as: Int.self) == [10, 1, 1, 1, 1])
        #expect(try await ada.column("SELECT DISTINCT state FROM pgswarm.tasks", as: String.self) == ["parked"])
        #expect(try await told(ada) == ["question.asked": 5])

        // Killed while it was down over the deadlines: they are kept afterwards, without anybody who has kept watch.
        try await server.letPass(.seconds(3600))
        ada = try await server.killed()
        try await ada.sweep()
        #expect(try await states(ada) == ["open", "open", "defaulted", "denied", "open"])
        #expect(try await ada.state(of: tasks[12]) == "dead")
        #expect(try await answer(1, "blue", ada) == "ok")

        // 30 seconds late: kept and shown; the denied task is brought back by whoever wants so.
        try await server.letPass(.seconds(30))
        ada = try await server.killed()
        #expect(try await answer(3, "g", ada) == "late")
        #expect(try await answer(4, "yes", ada, resume: true) == "late")
        #expect(try await answer(2, "w", ada) == "ok")
        #expect(try await answer(5, "e", ada) == "ok")
        #expect(try await answer(5, "x", ada) == "late")

        ada = try await server.killed()
        try await server.letPass(.seconds(1))
        try await ada.sweep()
        let rows = try await ada.rows(
            """
            SELECT id, handle, attempt, brief -> 'answers' -> 0 ->> 'answer',
                   coalesce(brief -> 'answers' -> 0 -> 'late' -> 0 ->> 'answer', '-'), coalesce(checkpoint ->> 'done', '-')
            FROM pgswarm.claim('q', 20, agent => 'bob') ORDER BY id
            """)
        var seen: [Int: [String]] = [:]
        for row in rows {
            let (id, handle, attempt, answer, late, done) = try row.decode(
                (Int, String, Int, String, String, String).self)
            seen[id] = [answer, late, done]
            #expect(attempt == 1, "waiting cost task \(id) an attempt")
            #expect(try await ada.settle(handle).code == "ok")
        }
        var expected = Dictionary(uniqueKeysWithValues: (0..<10).map { (tasks[$0], ["blue", "-", "\($0)"]) })
        expected[tasks[10]] = ["w", "-", "-"]
        expected[tasks[11]] = ["f", "g", "-"]
        expected[tasks[12]] = ["yes", "yes", "-"]
        expected[tasks[13]] = ["e", "x", "-"]
        #expect(seen == expected)
        let told = try await told(ada)
        #expect(
            told == [
                "question.asked": 5, "question.answered": 3, "question.defaulted": 1, "question.denied": 1,
                "question.escalated": 1, "question.overdue": 1,
            ])
        await ada.connection.close()
        try await server.end()
    }

    private func ask(_ arguments: String, _ claim: Claim, _ caller: Caller) async throws {
        let sql = "SELECT task_state FROM pgswarm.question_ask(\(arguments), handle => '\(claim.handle)')"
        let state: String = try await caller.value(SQL(stringLiteral: sql))
        #expect(state == "parked")
    }

    private func answer(_ id: Int, _ text: String, _ caller: Caller, resume: Bool = false) async throws -> String {
        try await caller.value(
            "SELECT code FROM pgswarm.question_answer(\(id), \(text), resume => \(resume), agent => 'ada')")
    }

    private func states(_ caller: Caller) async throws -> [String] {
        try await caller.column("SELECT state FROM pgswarm.questions ORDER BY id")
    }

    /// What the webhook is to be told, and how often.
    private func told(_ caller: Caller) async throws -> [String: Int] {
        let rows = try await caller.rows("SELECT event, count(*) FROM pgswarm.webhook_deliveries GROUP BY event")
        var counts: [String: Int] = [:]
        for row in rows { counts[try row[0, as: String.self]] = try row[1, as: Int.self] }
        return counts
    }
}

/// A private server that is killed again and again, with a clock that the test moves.
private actor FallibleServer {
    private let location: ServerLocation
    private var server: EmbeddedServer?
    private var caller: Caller?

    init() throws {
        location = ServerLocation(directory: "/tmp/pgswarm-questions-\(UUID().uuidString.prefix(8))")
    }

    func start(isFirst: Bool = false) async throws -> Caller {
        let server = try await EmbeddedServer.start(location, lifetime: .boundToProcess(removingFiles: true))
        self.server = server
        let connection = try await Connection.connect(try ConnectionOptions(url: server.databaseURL))
        if isFirst {
            try await connection.run { db in
                _ = try Migrator().migrate(on: db)
                try db.setRegistration(open: true)
                try db.script(
                    """
                    CREATE TABLE public.clock (ahead interval NOT NULL);
                    INSERT INTO public.clock VALUES ('0');
                    GRANT SELECT ON public.clock TO PUBLIC;
                    CREATE OR REPLACE FUNCTION pgswarm.clock() RETURNS timestamptz LANGUAGE sql VOLATILE
                        AS 'SELECT clock_timestamp() + (SELECT ahead FROM public.clock)';
                    """)
            }
        }
        let caller = Caller(connection: connection, agent: "ada")
        self.caller = caller
        return caller
    }

    /// Kills the server and starts it again.
    func killed() async throws -> Caller {
        if let caller { await caller.connection.close() }
        if let server {
            let result = kill(server.processID, SIGKILL)
            #expect(result == 0)
        }
        return try await start()
    }

    func letPass(_ duration: Duration) async throws {
        try await caller?.rows("UPDATE public.clock SET ahead = ahead + \(duration)")
    }

    func end() async throws { try await server?.stop() }
}
