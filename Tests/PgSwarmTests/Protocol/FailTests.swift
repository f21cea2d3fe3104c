import Postgres
import TestSupport
import Testing

@Suite("Fail and retry", .database, .timeLimit(.minutes(5)))
struct FailTests {
    /// How many seconds from now each of so many failing tasks is due again, after its nth failure.
    private func delays(_ ada: Caller, count: Int, body: String) async throws -> [Double] {
        let handles = try await ada.claim(count: count).map(\.handle)
        #expect(handles.count == count)
        try await ada.settle(handles, handles.map { _ in "fail" }, handles.map { _ in body })
        let delays: [Double] = try await ada.column(
            "SELECT extract(epoch FROM due - since)::float8 FROM pgswarm.waiting WHERE state = 'scheduled'")
        // Those due at once are ready already.
        return delays + Array(repeating: 0, count: count - delays.count)
    }

    @Test("Backs off with full jitter: over an exponential bound up to the cap, scattered all over it")
    func backoff() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"retry_base": 100, "retry_cap": 300, "max_attempts": 10}"#)
        try await ada.enqueue(count: 60)
        for bound in [100.0, 200, 300, 300] {
            let delays = try await delays(ada, count: 60, body: #"{"error": "x"}"#)
            #expect(delays.allSatisfy { $0 >= 0 && $0 <= bound })
            // Sixty draws that all miss a quarter of the range: one in thirty million.
            #expect(delays.contains { $0 > bound * 0.75 } && delays.contains { $0 < bound * 0.25 })
            #expect(Set(delays).count > 50)
            try await letPass(.seconds(301))
        }
    }

    @Test("A wish for later is never answered by earlier, and scattered too")
    func retryIn() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 30)
        let delays = try await delays(ada, count: 30, body: #"{"retry_in": 100}"#)
        #expect(delays.allSatisfy { $0 >= 100 && $0 <= 110 })
        #expect(Set(delays).count > 25)
    }

    @Test("After its last attempt a task is dead, with the cause of each")
    func dead() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"max_attempts": 3, "title": "doomed"}"#)
        for attempt in 1...3 {
            let claim = try await ada.claimOne()
            #expect(claim.attempt == attempt)
            let state = try await ada.fail(claim.handle, "cause \(attempt)", retryIn: .zero)
            #expect(state == (attempt == 3 ? "dead" : "ready"))
        }
        #expect(try await ada.claim() == [])
        let letter = try await ada.rows(
            """
            SELECT task_id, title, attempts, error,
                   (SELECT string_agg(c ->> 'error', ', ') FROM jsonb_array_elements(causes) c)
            FROM pgswarm.dead_letters
            """)[0]
        let shown = try letter.decode((Int, String, Int, String, String).self)
        #expect(shown == (task, "doomed", 3, "cause 3", "cause 1, cause 2, cause 3"))
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.attempts", as: Int.self) == 3)
    }

    @Test("Dead at once where trying again is no use")
    func deadAtOnce() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        #expect(try await ada.fail(ada.claimOne().handle, "no such file", dead: true) == "dead")
        #expect(try await ada.why(task) == "dead")
    }

    @Test("Losses and releases do not use up the failures that are allowed")
    func othersDoNotCount() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"max_lost": 10}"#)
        try await ada.enqueue("q", #"{"max_attempts": 2}"#)
        for _ in 0..<3 {
            try await ada.claimOne()
            try await ada.lose()
            try await ada.release(ada.claimOne().handle)
        }
        #expect(try await ada.fail(ada.claimOne().handle, retryIn: .zero) == "ready")
        #expect(try await ada.fail(ada.claimOne().handle, retryIn: .zero) == "dead")
    }

    @Test("A retry that waits says so and until when; the repetition of a failure is a duplicate")
    func retrying() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let answer = try await ada.settle(handle, "fail", #"{"error": "x", "retry_in": 60}"#)
        #expect(answer.state == "scheduled" && answer.dueAt != nil)
        #expect(try await ada.settle(handle, "fail", #"{"error": "x", "retry_in": 60}"#).code == "duplicate")
        #expect(try await ada.why(task) == "retrying")
        #expect(try await ada.value("SELECT until IS NOT NULL FROM pgswarm.why(\(task))", as: Bool.self))
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.attempts", as: Int.self) == 1)
    }
}
