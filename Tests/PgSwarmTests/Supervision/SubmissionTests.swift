import Postgres
import TestSupport
import Testing

@Suite("Submissions", .database, .timeLimit(.minutes(5)))
struct SubmissionTests {
    @Test("A completion is a claim: it waits, repeats are known, and the attempt has ended")
    func submit() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"review": "peers"}"#)
        let claim = try await ada.claimTask(task)
        #expect(try await ada.complete(claim.handle, #"{"x": 1}"#) == "review")
        #expect(try await ada.settle(claim.handle, "complete", #"{"x": 1}"#).code == "duplicate")
        #expect(try await ada.settle(claim.handle, "complete", #"{"x": 2}"#).code == "already_settled")
        #expect(try await ada.settle(claim.handle, "fail").code == "already_settled")
        #expect(try await ada.why(task) == "review")
        #expect(try await ada.claim(count: 10).isEmpty)
        #expect(
            try await ada.column("SELECT outcome FROM pgswarm.attempts WHERE task_id = \(task)", as: String.self) == [
                "completed"
            ])
        try await decide("_accept", "'human', 5, NULL, NULL", ada)
        #expect(try await ada.state(of: task) == "done")
        #expect(
            try await ada.column("SELECT outcome FROM pgswarm.attempts WHERE task_id = \(task)", as: String.self) == [
                "completed"
            ])
        #expect(
            try await ada.column(
                "SELECT score || ' ' || acceptance FROM pgswarm.tasks WHERE id = \(task)", as: String.self) == [
                    "5 human"
                ]
        )
        #expect(await refusal { try await decide("_accept", "'human', 5, NULL, NULL", ada) } == "PS010")
    }

    @Test("Sent back it is claimed again, as another submission; rejected it is dead")
    func rounds() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"review": "peers"}"#)
        for round in 1...3 {
            let claim = try await ada.claimOne()
            #expect(claim.id == task && claim.epoch == round)
            #expect(try await ada.complete(claim.handle, "\(round)") == "review")
            if round < 3 { try await decide("_send_back", "NULL, 'look again'", ada) }
        }
        try await decide("_reject", "NULL, 'no use'", ada)
        #expect(try await ada.state(of: task) == "dead")
        let error: String = try await ada.value("SELECT error FROM pgswarm.tasks WHERE id = \(task)")
        #expect(error == "rejected: no use")
        let states: [String] = try await ada.column("SELECT state FROM pgswarm.submissions ORDER BY id")
        #expect(states == ["sent_back", "sent_back", "rejected"])
        let digests: [String] = try await ada.column("SELECT DISTINCT digest FROM pgswarm.submissions")
        #expect(digests.count == 3)
    }

    @Test("Cancelled in review it is void, and no decision takes effect")
    func cancelled() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"review": "peers"}"#)
        _ = try await ada.complete(try await ada.claimTask(task).handle)
        #expect(try await ada.cancel(task) == ["ok"])
        #expect(await refusal { try await decide("_accept", "'human', 5, NULL, NULL", ada) } == "PS010")
        #expect(try await ada.state(of: task) == "cancelled")
    }

    @Test("Reopened it has a generation more, and what had not begun waits again")
    func reopened() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"goal": "g"}"#)
        let waiting = try await ada.enqueue("q", #"{"after": [\#(task)]}"#)
        let begun = try await ada.enqueue("q", #"{"after": [\#(task)]}"#)
        #expect(try await ada.complete(try await ada.claimTask(task).handle, "1") == "done")
        let claim = try await ada.claimTask(begun)
        try await ada.rows("SELECT pgswarm._reopen(\(task), 'ready', NULL, 'wrong', pgswarm.clock())")
        #expect(try await ada.state(of: task) == "ready")
        #expect(try await ada.state(of: waiting) == "blocked")
        #expect(try await ada.complete(claim.handle) == "done")
        #expect(try await ada.complete(try await ada.claimTask(task).handle, "2") == "done")
        #expect(try await ada.state(of: waiting) == "ready")
    }

    @Test("The brief carries what was agreed and what it builds on, and the reading is on record")
    func brief() async throws {
        let ada = try await Caller.named()
        let source = try await ada.enqueue("q", #"{"goal": "g"}"#)
        let reader = try await ada.enqueue(
            "q", #"{"goal": "build", "criteria": ["it runs"], "paths": ["src/**"], "after": [\#(source)]}"#)
        _ = try await ada.complete(try await ada.claimTask(source).handle, #"{"out": null}"#)
        let rows = try await ada.rows(
            "SELECT brief ->> 'goal', brief -> 'criteria' ->> 0, brief -> 'upstream' -> 0 -> 'result' FROM pgswarm.claim_task(\(reader))"
        )
        let row = try #require(rows.first)
        #expect(try row[0, as: String.self] == "build" && row[1, as: String.self] == "it runs")
        #expect(try row[2, as: JSONText.self].text == #"{"out": null}"#)
        let readings: [Int] = try await ada.column("SELECT source FROM pgswarm.reading WHERE reader = \(reader)")
        #expect(readings == [source])
    }

    private func decide(_ verb: String, _ arguments: String, _ caller: Caller) async throws {
        try await caller.script(
            "SELECT pgswarm.\(verb)((SELECT max(id) FROM pgswarm.submission), \(arguments), pgswarm.clock())")
    }
}
