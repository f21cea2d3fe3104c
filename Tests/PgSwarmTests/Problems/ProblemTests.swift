import Postgres
import TestSupport
import Testing

@Suite("Problems", .database, .timeLimit(.minutes(3)))
struct ProblemTests {
    @Test("An error has one entry, whatever paths, numbers and ids are in it")
    func fingerprint() async throws {
        let ada = try await Caller.named()
        let texts = [
            "2026-03-01T10:00:00Z /home/a/x.py:12: could not connect to 10.0.0.1:5432 (id 123e4567-e89b-12d3-a456-426614174000)",
            "2026-04-02T11:30:59Z /srv/b/c/y.py:7: could not connect to 10.9.0.7:5433 (id 00000000-e89b-12d3-a456-426614174fff)",
        ]
        #expect(try await ada.report(texts[0]).created)
        let again = try await ada.report(texts[1])
        #expect(!again.created && again.occurrences == 2)
        #expect(try await ada.report("could not connect to the other server").created)
        let signatures: [String] = try await ada.column("SELECT pgswarm.error_signature(t) FROM unnest(\(texts)) t")
        #expect(signatures[0] == signatures[1])
    }

    @Test("One solves, others are told who, wait, and come back with the solution")
    func solving() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let problem = try await ada.report("cannot open the display of the browser").id
        let solver = try await ada.begin(problem)
        #expect(try await ada.begin(problem) == solver)
        let refused = await refusalMessage { _ = try await bob.begin(problem) }
        #expect(refused.code == "PS005" && refused.message.contains("ada"))
        #expect(await refusal { _ = try await bob.solve(problem) } == "PS005")
        let task = try await bob.enqueue()
        let claim = try await bob.claimOne()
        #expect(try await bob.park(claim.handle, problem) == "parked")
        #expect(try await bob.why(task) == "problem")
        #expect(try await bob.claim() == [])
        #expect(try await ada.solve(problem, solver: solver) == 1)
        try await letPass(.seconds(1))
        let next = try await bob.rows("SELECT attempt, problems ->0 ->> 'id' FROM pgswarm.claim('q', agent => 'bob')")[
            0]
        #expect(try next[0, as: Int.self] == 1)
        #expect(try next[1, as: String.self] == "\(problem)")
        let shown: Int = try await ada.value("SELECT count(*) FROM pgswarm.problems_shown WHERE task_id = \(task)")
        #expect(shown == 1)
    }

    @Test("A solver that vanishes or gives up lets the waiting tasks go, and its handle is refused")
    func vanished() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let problem = try await ada.report("cannot open the display of the browser").id
        let solver = try await ada.begin(problem)
        let task = try await bob.enqueue()
        _ = try await bob.park(try await bob.claimOne().handle, problem)
        try await letPass(.seconds(1900))
        try await bob.sweep()
        #expect(try await bob.status(problem) == "open")
        #expect(try await bob.claimOne().id == task)
        let second = try await bob.begin(problem)
        #expect(second != solver)
        #expect(await refusal { _ = try await ada.solve(problem, solver: solver) } == "PS001")
        try await bob.rows("SELECT pgswarm.problem_abandon(\(second))")
        #expect(await refusal { try await bob.rows("SELECT pgswarm.problem_abandon(\(second))") } == "PS001")
        #expect(await refusal { try await bob.rows("SELECT pgswarm.problem_abandon('p1.1')") } == "PS004")
    }

    @Test("Nobody waits for ever, also where nobody solves")
    func deadline() async throws {
        let ada = try await Caller.named()
        let problem = try await ada.report("cannot open the display of the browser").id
        let task = try await ada.enqueue()
        _ = try await ada.park(try await ada.claimOne().handle, problem)
        try await letPass(.seconds(3590))
        try await ada.sweep()
        #expect(try await ada.claim() == [])
        try await letPass(.seconds(20))
        try await ada.sweep()
        #expect(try await ada.claimOne().id == task)
    }

    @Test("Waiting tasks come back when the problem is closed, and one that was cancelled stays so")
    func closed() async throws {
        let ada = try await Caller.named()
        let problem = try await ada.report("cannot open the display of the browser").id
        let tasks = try await ada.enqueue(count: 2)
        for _ in tasks { _ = try await ada.park(try await ada.claimOne().handle, problem) }
        try await ada.cancel(tasks[0])
        let resumed: Int = try await ada.value(
            "SELECT resumed FROM pgswarm.problem_close(\(problem), 'wontfix', agent => 'ada')")
        #expect(resumed == 2)
        #expect(try await ada.claim(count: 2).map(\.id) == [tasks[1]])
        // What is closed is not waited for.
        let more = try await ada.enqueue()
        #expect(try await ada.park(try await ada.claimOne().handle, problem) == "ready")
        #expect(try await ada.claimOne().id == more)
    }

    @Test("Others confirm; what is refuted vanishes, what is old is stale, what is better replaces")
    func opinions() async throws {
        let ada = try await Caller.named()
        let text = "cannot open the display of the browser"
        let problem = try await ada.report(text).id
        _ = try await ada.solve(problem)
        let solution: Int = try await ada.value("SELECT max(id) FROM pgswarm.solutions")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.problem_confirm(\(solution), agent => 'ada')") }
                == "PS014")
        try await ada.rows("SELECT pgswarm.problem_confirm(\(problem), agent => 'bob')")
        #expect(try await ada.found(text) == "confirmed")
        try await letPass(.seconds(91 * 86400))
        #expect(try await ada.found(text) == "stale")
        try await ada.rows("SELECT pgswarm.problem_confirm(\(problem), agent => 'cy')")
        #expect(try await ada.found(text) == "confirmed")
        try await ada.rows("SELECT pgswarm.problem_flag(\(solution), 'wrong', 'no', agent => 'dan')")
        #expect(try await ada.found(text) == "confirmed")
        try await ada.rows("SELECT pgswarm.problem_flag(\(solution), 'stale', agent => 'eve')")
        #expect(try await ada.found(text) == nil)
        #expect(try await ada.status(problem) == "open")
        try await ada.rows("SELECT pgswarm.problem_supersede(\(solution), 'better', 'seen', agent => 'bob')")
        #expect(try await ada.found(text) == "proposed")
        let chain: [String] = try await ada.column("SELECT status FROM pgswarm.solutions ORDER BY id")
        #expect(chain == ["superseded", "proposed"])
    }

    @Test("A failure makes or finds its entry, counts once, and the next attempt is shown it first")
    func failures() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"retry_base": 0}"#)
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.report("disk quota exceeded on /tmp/a", handle: claim.handle)
        try await ada.fail(claim.handle, "disk quota exceeded on /tmp/b")
        let rows = try await ada.rows("SELECT occurrences, automatic FROM pgswarm.problems")
        #expect(rows.count == 1)
        #expect(try rows[0][0, as: Int.self] == 1)
        try await letPass(.seconds(1))
        let next = try await ada.rows("SELECT handle, problems ->0 ->> 'why' FROM pgswarm.claim('q', agent => 'ada')")[
            0]
        #expect(try next[1, as: String.self] == "met by this task")
        try await ada.fail(try next[0, as: String.self], "disk quota exceeded on /tmp/c")
        #expect(try await ada.value("SELECT occurrences FROM pgswarm.problems", as: Int.self) == 2)
        try await letPass(.seconds(10))
        try await ada.sweep()
        #expect(try await ada.value("SELECT occurrences FROM pgswarm.problem", as: Int.self) == 2)
        // What tells nothing makes no entry.
        try await ada.enqueue("other")
        try await ada.fail(try await ada.claimOne("other").handle, "exit status 1")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.problems", as: Int.self) == 1)
    }
}
