import Postgres
import TestSupport
import Testing

@Suite("Random plans against a model", .database, .timeLimit(.minutes(10)))
struct PlanModelTests {
    @Test("50 tasks with random edges and random ends, 300 steps, compared after each", arguments: 1...4)
    func random(_ round: Int) async throws {
        var random = SeededRandom()
        for _ in 0..<round { _ = random.next() }
        let ada = try await Caller.named()
        let count = 50
        var edges: [PlanModel.Edge] = []
        var depth = [Int](repeating: 1, count: count)
        for down in 1..<count {
            for up in Set(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Int.random(in: max(0, down - 15)..<down, using: &random)
                }
            )
            .sorted() where depth[up] < 20 {
                let finished = Int.random(in: 0..<4, using: &random) == 0
                let score =
                    !finished && Int.random(in: 0..<4, using: &random) == 0
                    ? Int.random(in: 1...5, using: &random) : nil
                edges.append(
                    PlanModel.Edge(
                        up: up, down: down, finished: finished, minScore: score,
                        onFailure: ["wait", "cancel", "continue"][Int.random(in: 0..<3, using: &random)]))
                depth[down] = max(depth[down], depth[up] + 1)
            }
        }
        var model = PlanModel(reviewed: (0..<count).map { _ in Bool.random(using: &random) }, edges: edges)
        try await ada.apply(spec: spec(model))
        var ids: [Int] = []
        for task in 0..<count { ids.append(try await ada.task("t\(task)")) }
        var handles: [Int: String] = [:]

        for step in 1...300 {
            let task = Int.random(in: 0..<count, using: &random)
            let chance = Int.random(in: 0..<10, using: &random)
            switch model.states[task] {
            case "ready":
                handles[task] = try await ada.claimTask(ids[task]).handle
                model.states[task] = "running"
            case "running":
                let handle = try #require(handles[task])
                if chance < 6 {
                    try await ada.complete(handle, "\(step)")
                    model.complete(task)
                } else if chance < 8 {
                    try await ada.fail(handle, "x", dead: true)
                    model.die(task)
                } else {
                    try await ada.release(handle)
                    model.states[task] = "ready"
                }
            case "review":
                let submission: Int = try await ada.value(
                    "SELECT id FROM pgswarm.submission WHERE task = \(ids[task]) AND state = 'open'")
                if chance < 6 {
                    let score = Int.random(in: 1...5, using: &random)
                    try await ada.rows(
                        "SELECT pgswarm._accept(\(submission), 'human', \(Int32(score)), NULL, NULL, pgswarm.clock())")
                    model.accept(task, score)
                } else if chance < 8 {
                    try await ada.rows("SELECT pgswarm._send_back(\(submission), NULL, 'again', pgswarm.clock())")
                    model.sendBack(task)
                } else {
                    try await ada.rows("SELECT pgswarm._reject(\(submission), NULL, 'no', pgswarm.clock())")
                    model.die(task)
                }
            case "dead", "cancelled":
                try await ada.retry(ids[task])
                model.retry(task)
            case "done" where chance < 2:
                try await ada.rows("SELECT pgswarm._reopen(\(ids[task]), 'ready', NULL, 'wrong', pgswarm.clock())")
                model.reopen(task)
            case "blocked" where chance < 1:
                try await ada.cancel(ids[task])
                model.cancel(task)
            default: continue
            }
            let states: [String] = try await ada.column(
                "SELECT pgswarm._state_of(id) FROM unnest(\(ids)) WITH ORDINALITY t (id, n) ORDER BY n")
            let wrong = (0..<count).filter { states[$0] != model.states[$0] }
            #expect(
                wrong == [],
                "step \(step), after t\(task): \(wrong.map { "t\($0) is \(states[$0]), not \(model.states[$0])" })")
            guard wrong.isEmpty else { return }
        }
        let wrong: [String] = try await ada.column(
            """
            SELECT format('%s counts %s', w.task, w.unmet) FROM pgswarm.waiting w
            WHERE w.state = 'blocked' AND w.unmet <> (SELECT count(*) FROM pgswarm.dependency d WHERE d.task = w.task AND NOT d.met)
            UNION ALL
            SELECT format('%s is in %s places', p.task, count(*))
            FROM (SELECT task FROM pgswarm.ready UNION ALL SELECT task FROM pgswarm.waiting UNION ALL SELECT task FROM pgswarm.lease
                  UNION ALL SELECT task FROM pgswarm.outcome WHERE retried_at IS NULL) p
            GROUP BY p.task HAVING count(*) <> 1
            """)
        #expect(wrong == [])
    }

    private func spec(_ model: PlanModel) -> String {
        let tasks = model.states.indices.map { task in
            let after = model.edges.filter { $0.down == task }.map { edge in
                #"{"task": "t\#(edge.up)", "until": "\#(edge.finished ? "finished" : "accepted")", "on_failure": "\#(edge.onFailure)""#
                    + (edge.minScore.map { ", \"min_score\": \($0)" } ?? "") + "}"
            }
            return #""t\#(task)": {"goal": "g\#(task)", "after": [\#(after.joined(separator: ","))]"#
                + (model.reviewed[task] ? #", "review": "peers"}"# : "}")
        }
        return Caller.plan("{\(tasks.joined(separator: ","))}")
    }
}
