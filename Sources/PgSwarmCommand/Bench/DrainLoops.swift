import FoundationEssentials
import PgSwarm
import Postgres

/// Drains without a worker: the same functions, or the bare statement, in the tightest loop.
struct DrainLoops: Sendable {
    let stage: BenchStage
    let batch: Int
    let tasks: Int

    /// Settles what it has and claims the next, until there is nothing; tasks a second.
    func steps(on connections: [Connection], _ sessions: [UUID], round: Int) async throws -> Double {
        let queue = stage.queue("step-\(batch)-\(round)")
        try await stage.fill(queue, tasks, on: connections[0], session: sessions[0])
        let request = ClaimRequest([queue], count: batch)
        return try await Pace.rate(on: connections) { db, number in
            var total = 0
            var held = try db.claim(request, session: sessions[number])
            while !held.isEmpty {
                let verdicts = held.map { (handle: $0.handle, verdict: Verdict.complete()) }
                let (settled, claimed) = try db.step(verdicts, claiming: request, session: sessions[number])
                total += settled.count { $0.code == .ok }
                held = claimed
            }
            return total
        }
    }

    /// Moves rows of a bare table until there are none; rows a second.
    func takes(on connections: [Connection], round: Int) async throws -> Double {
        let bare = stage.bare
        // A number of its own for each purpose, so that no measurement finds rows of another.
        let line = batch * 1000 + round
        let (batch, tasks) = (batch, tasks)
        try await connections[0].run { db in _ = try db.execute(bare.fill(line: line, count: tasks)) }
        return try await Pace.rate(on: connections) { db, _ in
            try Pace.repeating(for: .seconds(600)) { try db.execute(bare.take(line: line, count: batch)) }
        }
    }
}
