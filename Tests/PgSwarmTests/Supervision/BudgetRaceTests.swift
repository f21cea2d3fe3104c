import Postgres
import TestSupport
import Testing

@Suite("Budgets under many at once", .database, .timeLimit(.minutes(5)))
struct BudgetRaceTests {
    @Test(
        "50 concurrent claims on a budget for 10: exactly 10, by every door",
        arguments: ["claim", "batch", "step", "claim_task", "repeatable read"])
    func fifty(door: String) async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "attempts", hard: 10)
        let tasks = try await ada.enqueue(count: 200)
        let crowd = try await Crowd(50)
        let granted = try await crowd.each { index, member in
            switch door {
            case "batch": return try await member.claim(count: 7)
            case "step": return try await member.step(try await member.openSession(), nil, count: 3).claims
            case "claim_task":
                do { return [try await member.claimTask(tasks[index])] } catch {
                    guard (error as? PostgresError)?.serverError?.sqlState == "PS021" else { throw error }
                    return []
                }
            case "repeatable read":
                try await member.script("SET default_transaction_isolation = 'repeatable read'")
                return try await persistently { try await member.claim() }
            default: return try await member.claim()
            }
        }
        #expect(granted.joined().count == 10)
        #expect(try await ada.budget("queue:q", "attempts").held == 10)
        let running: Int = try await ada.value("SELECT count(*) FROM pgswarm.leases")
        #expect(running == 10)
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test("Killed holders give their hold back, and as many parked tasks come out again")
    func killed() async throws {
        let ada = try await Caller.named()
        try await ada.setBudget("queue:q", "attempts", hard: 10)
        try await ada.enqueue(count: 50)
        let crowd = try await Crowd(50)
        _ = try await crowd.each { _, member in
            try await member.claim(session: try await member.openSession(ttl: .seconds(60)))
        }
        #expect(try await ada.stateCounts() == ["parked 40", "running 10"])
        await crowd.disperse()
        try await letPass(.seconds(2000))
        // Many find the dead at once.
        let sweepers = try await Crowd(8, named: "sweeper")
        _ = try await sweepers.each { _, member in try await member.sweep() }
        try await ada.sweep()
        #expect(try await ada.budget("queue:q", "attempts") == .init(parked: 30))
        let parked: Int = try await ada.value("SELECT count(*) FROM pgswarm.tasks WHERE state = 'parked'")
        #expect(parked == 30)
        try await letPass(.seconds(5))
        let again = try await sweepers.each { _, member in try await member.claim(count: 50) }
        #expect(again.joined().count == 10)
        #expect(try await ada.budget("queue:q", "attempts").held == 10)
        #expect(try await deadlocks() == 0)
        await sweepers.disperse()
    }

    @Test(
        "Tasks of two budgets in opposite orders, claimed, settled, raised and lost at once: no deadlock, nothing amiss"
    )
    func crosswise() async throws {
        let ada = try await Caller.named()
        var tasks: [Int] = []
        for index in 0..<40 {
            tasks.append(
                try await ada.enqueue(
                    index.isMultiple(of: 2) ? "a" : "b", #"{"goal": "x", "max_attempts": 1000}"#))
        }
        for task in tasks.prefix(6).reversed() { try await ada.setBudget("task:\(task)", "attempts", hard: 30) }
        try await ada.setBudget("queue:b", "tokens", hard: 100, hold: 4)
        try await ada.setBudget("queue:a", "attempts", hard: 60)
        try await ada.setBudget("swarm", "attempts", soft: 20, hard: 100)
        let crowd = try await Crowd(12)
        let granted = try await crowd.each { index, member in
            var random = SeededRandom(seed: UInt64(index))
            var granted = 0
            for _ in 0..<12 {
                granted += try await persistently {
                    try await member.script("BEGIN")
                    do {
                        let queues = index.isMultiple(of: 2) ? ["a", "b"] : ["b", "a"]
                        let claims = try await member.claim(queues[0], queues[1], count: 4)
                        try await member.script("COMMIT")
                        let verdicts = claims.map { _ in Bool.random(using: &random) ? "release" : "fail" }
                        let bodies: [String?] = claims.map { _ in #"{"retry_in": 0}"# }
                        if index < 10 { try await member.settle(claims.map(\.handle).reversed(), verdicts, bodies) }
                        return claims.count
                    } catch {
                        try await member.script("ROLLBACK")
                        throw error
                    }
                }
                if index == 0 {
                    try await member.setBudget(
                        "queue:b", "tokens", hard: Double(Int.random(in: 50...120, using: &random)), hold: 4)
                }
                if index == 1 { try await member.sweep() }
            }
            return granted
        }
        #expect(granted.reduce(0, +) > 20)
        #expect(try await deadlocks() == 0)
        // The sums say what the holds say, and no limit was passed.
        let wrong: [String] = try await ada.column(
            """
            SELECT b.scope || ' ' || b.axis FROM pgswarm.budgets b
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(h.charged) FILTER (WHERE h.ended_at IS NOT NULL), 0) AS spent,
                       coalesce(sum(h.amount) FILTER (WHERE h.ended_at IS NULL), 0) AS held
                FROM pgswarm.budget_holds h WHERE h.budget_id = b.id) h
            WHERE (b.spent, b.held) IS DISTINCT FROM (h.spent, h.held) OR b.axis = 'attempts' AND b.spent + b.held > b.hard
            """)
        #expect(wrong == [])
        let astray: Int = try await ada.value(
            """
            SELECT count(*) FROM pgswarm.budget_holds h WHERE h.ended_at IS NULL AND NOT EXISTS (
                SELECT FROM pgswarm.leases l WHERE l.task_id = h.task_id AND l.epoch = h.epoch)
            """)
        #expect(astray == 0)
        await crowd.disperse()
    }
}
