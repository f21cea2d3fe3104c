import Postgres
import TestSupport
import Testing

@Suite("Plans edited while they are worked on", .database, .timeLimit(.minutes(5)))
struct PlanRaceTests {
    @Test("Six workers, a planner who turns edges round, one who pauses: no deadlock, and all of the last version ends")
    func edits() async throws {
        let ada = try await Caller.named()
        let planner = try await Caller.named("planner")
        var random = SeededRandom()
        try await ada.apply(spec: spec(&random))
        let crowd = try await Crowd(8)
        let versions = (0..<40).map { _ in spec(&random) }
        let seeds = (0..<8).map { _ in random.next() }
        async let edits: Int = {
            var written = 0
            for version in versions {
                let code = await refusal { try await planner.apply(spec: version, cancelRunning: true) }
                #expect(code == "accepted" || code.hasPrefix("PS"), "\(code)")
                if code == "accepted" { written += 1 }
            }
            return written
        }()
        _ = try await crowd.each { index, member in
            var random = SeededRandom(seed: seeds[index])
            for _ in 0..<60 {
                if index == 7 {
                    let verb: SQL =
                        Bool.random(using: &random)
                        ? "SELECT pgswarm.plan_pause('p')" : "SELECT pgswarm.plan_resume('p')"
                    try await member.rows(verb)
                    continue
                }
                for claim in try await member.claim(count: Int.random(in: 1...3, using: &random)) {
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0: try await member.settle(claim.handle, "fail", #"{"dead": true}"#)
                    case 1: try await member.settle(claim.handle, "release", "{}")
                    default: try await member.settle(claim.handle)
                    }
                }
            }
        }
        let written = await edits
        #expect(written > 0)
        try await ada.rows("SELECT pgswarm.plan_resume('p')")
        try await ada.rows(
            "SELECT pgswarm.retry(ARRAY(SELECT task_id FROM pgswarm.plan_tasks WHERE gone_in IS NULL AND state IN ('dead', 'cancelled')))"
        )
        while case let some = try await ada.claim(count: 50), !some.isEmpty { try await ada.settle(some.map(\.handle)) }
        let rest: [String] = try await ada.states().filter { !$0.hasSuffix(" done") }
        #expect(rest == [])
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test(
        "After an edit a task can wait for a newer one: a completion of that and another edit do not lock one another out"
    )
    func turnedEdge() async throws {
        let (ada, planner, bystander) = (
            try await Caller.named(), try await Caller.named("planner"), try await Caller.named("eve")
        )
        // Ids in the order of the file: old, between, new; then the oldest waits for the newest.
        try await ada.apply(
            spec: Caller.plan(
                #"[{"key": "old", "goal": "g"}, {"key": "between", "goal": "g"}, {"key": "new", "goal": "g"}]"#))
        let turned =
            #"[{"key": "old", "goal": "g", "after": "new"}, {"key": "between", "goal": "g"}, {"key": "new", "goal": "g"}]"#
        #expect(try await ada.apply(spec: Caller.plan(turned)) == ["old changed"])
        let (old, between, new) = (try await ada.task("old"), try await ada.task("between"), try await ada.task("new"))
        #expect(old < between && between < new)
        let claim = try await ada.claimTask(new)
        try await bystander.script("BEGIN")
        #expect(try await bystander.value("SELECT pgswarm._hold_still(\(between))") == "ready")
        async let edit = refusal {
            try await planner.apply(spec: Caller.plan(turned.replacing(#""goal": "g""#, with: #""goal": "h""#)))
        }
        try await waitsForLock(planner)
        async let completion = refusal { try await ada.complete(claim.handle) }
        // If the planner held what waits for it, it would wait here for the planner, who is about to wait for it.
        let observer = try await Caller.named("observer")
        let process = ada.connection.processID
        try await eventually("the completion ends, or waits for a lock") {
            try await observer.value(
                """
                SELECT count(*) FROM pg_stat_activity WHERE pid = \(process)
                AND (wait_event_type = 'Lock' OR (state = 'idle' AND query LIKE '%complete%'))
                """, as: Int.self) == 1
        }
        try await bystander.script("COMMIT")
        #expect(await (edit, completion) == ("accepted", "accepted"))
        #expect(try await deadlocks() == 0)
        #expect(try await ada.state(of: old) == "ready")
    }

    /// 30 tasks in an order of their own, each after up to three of those before it.
    private func spec(_ random: inout SeededRandom) -> String {
        let order = (0..<30).shuffled(using: &random)
        let tasks = order.enumerated().map { place, task in
            let after =
                place == 0
                ? []
                : (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    order[Int.random(in: max(0, place - 4)..<place, using: &random)]
                }
            let payload =
                Int.random(in: 0..<5, using: &random) == 0
                ? ", \"payload\": \(Int.random(in: 0...9, using: &random))" : ""
            return
                #""t\#(task)": {"goal": "g"\#(payload), "after": [\#(Set(after).map { "\"t\($0)\"" }.joined(separator: ","))]}"#
        }
        return Caller.plan("{\(tasks.joined(separator: ","))}", more: #", "limits": {"depth": 20}"#)
    }
}
