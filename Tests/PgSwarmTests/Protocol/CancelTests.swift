import Postgres
import TestSupport
import Testing

@Suite("Cancel", .database, .timeLimit(.minutes(5)))
struct CancelTests {
    @Test("Ends a task wherever it is, and answers where it was")
    func everywhere() async throws {
        let ada = try await Caller.named()
        let running = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let ready = try await ada.enqueue()
        let returned = try await ada.enqueue("r")
        try await ada.release(ada.claimOne("r").handle)
        let scheduled = try await ada.enqueue("q", #"{"delay": 60}"#)
        let blocked = try await ada.enqueue("q", #"{"after": [\#(ready)]}"#)
        let done = try await ada.enqueue("s")
        try await ada.complete(ada.claimOne("s").handle)
        let ids = [running, ready, returned, scheduled, blocked, done, 999]
        let rows = try await ada.rows("SELECT code, was FROM pgswarm.cancel(\(ids), 'no need', 'ada') ORDER BY id")
        let expected: [(Int, String, String?)] = [
            (running, "ok", "running"), (ready, "ok", "ready"), (returned, "ok", "ready"),
            (scheduled, "ok", "scheduled"),
            (blocked, "ok", "blocked"), (done, "wrong_state", "done"), (999, "not_found", nil),
        ].sorted { $0.0 < $1.0 }
        for (row, expected) in zip(rows, expected) {
            #expect(try row.decode((String, String?).self) == (expected.1, expected.2))
        }
        #expect(try await ada.cancel(running) == ["already_cancelled"])
        #expect(try await ada.renew([handle]) == ["cancel"])
        #expect(try await ada.why(running) == "cancelled")
        let message: String = try await ada.value("SELECT message FROM pgswarm.why(\(ready))")
        #expect(message.contains("ada") && message.contains("no need"))
        #expect(try await ada.claim("q", "r", count: 10) == [])
    }

    @Test("After its commit no completion takes effect; the result is kept aside")
    func completion() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await ada.cancel(task)
        #expect(try await ada.settle(handle, "complete", "42").code == "lost_claim")
        #expect(try await ada.state(of: task) == "cancelled")
        #expect(try await ada.value("SELECT result FROM pgswarm.late_results", as: JSONText.self).text == "42")
        let outcome: [String] = try await ada.column("SELECT outcome FROM pgswarm.attempts")
        #expect(outcome == ["cancelled"])
    }

    @Test("Against a completion at the same moment exactly one of them happens")
    func race() async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(2)
        for _ in 0..<40 {
            let task = try await ada.enqueue()
            let handle = try await ada.claimOne().handle
            let answers = try await crowd.each { index, member in
                index == 0 ? try await member.settle(handle).code : try await member.cancel(task)[0]
            }
            let state = try await ada.state(of: task)
            #expect(answers == (state == "done" ? ["ok", "wrong_state"] : ["lost_claim", "ok"]))
        }
        await crowd.disperse()
    }

    @Test("Against a claim at the same moment nothing is left running", arguments: [1, 3])
    func raceWithClaim(count: Int) async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(4)
        for _ in 0..<25 {
            let tasks = try await ada.enqueue(count: count)
            _ = try await crowd.each { index, member in
                if index == 0 {
                    for task in tasks { #expect(try await member.cancel(task) == ["ok"]) }
                } else {
                    try await member.claim(count: count)
                }
            }
        }
        let states: [String] = try await ada.column("SELECT DISTINCT state FROM pgswarm.tasks")
        #expect(states == ["cancelled"])
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
