import FoundationEssentials
import PgSwarm
import Postgres

/// What the life of a task costs the server: enqueued, claimed and completed in three calls with a commit
/// each, from eight connections, beside plain prepared statements on the narrow tables of the published
/// measurements.
struct CostBench {
    /// The published figures of those tables: microseconds of processor time and bytes of log for each task.
    private static let published: [Int: (microseconds: Double, bytes: Double)] = [
        1: (813, 1164), 10: (123, 1060), 100: (51, 1062),
    ]
    private static let connections = 8

    let stage: BenchStage

    func run() async throws -> [Figure] {
        let reference = ReferenceSQL(schema: stage.name)
        return try await stage.withConnections(Self.connections) { connections in
            let sessions = try await stage.openSessions(connections)
            try await connections[0].run { db in try db.execute(reference.setUp) }
            var figures: [Figure] = []
            for batch in [1, 10, 100] {
                figures += try await measure(batch, on: connections, sessions, reference)
            }
            return figures
        }
    }

    private func measure(
        _ batch: Int, on connections: [Connection], _ sessions: [UUID], _ reference: ReferenceSQL
    ) async throws -> [Figure] {
        let title = "life of a task, batch \(batch)"
        var own: [ServerMeter.Use] = []
        var plain: [ServerMeter.Use] = []
        _ = try await stage.alternating(
            title,
            [
                { _ in
                    own.append(try await lives(batch, on: connections, sessions))
                    return nil
                },
                { _ in
                    plain.append(try await referenceLives(batch, on: connections, reference))
                    return nil
                },
            ])
        let limitTitle = "three plain statements, schema A3"
        return [
            Figure(
                part: .cost, name: "cost_cpu_\(batch)", title: "\(title), server CPU", unit: .microseconds,
                rounds: own.map(\.processorTime).beside(plain.map(\.processorTime)), limitTitle: limitTitle,
                published: Self.published[batch]?.microseconds),
            Figure(
                part: .cost, name: "cost_wal_\(batch)", title: "\(title), WAL", unit: .bytes,
                rounds: own.map(\.logBytes).beside(plain.map(\.logBytes)), limitTitle: limitTitle,
                published: Self.published[batch]?.bytes),
        ]
    }

    private func lives(_ batch: Int, on connections: [Connection], _ sessions: [UUID]) async throws
        -> ServerMeter.Use
    {
        let queue = stage.queue("cost-\(batch)")
        let drafts = BenchPayload.drafts(batch, for: queue)
        let request = ClaimRequest([queue], count: batch)
        return try await perTask(on: connections) { db, number in
            try db.enqueue(drafts, by: stage.author(sessions[number]))
            let tasks = try db.claim(request, session: sessions[number])
            _ = try db.settle(tasks.map { (handle: $0.handle, verdict: Verdict.complete()) })
            return tasks.count
        }
    }

    private func referenceLives(
        _ batch: Int, on connections: [Connection], _ reference: ReferenceSQL
    ) async throws -> ServerMeter.Use {
        let payloads = BenchPayload.texts(batch)
        return try await perTask(on: connections) { db, _ in
            try db.execute(reference.enqueue(payloads))
            let rows = try db.query(reference.claim(count: batch))
            guard let first = rows.first else { return 0 }
            let ids = try rows.map { row in try row[0, as: Int64.self] }
            return try db.execute(reference.complete(ids, fence: try first[1, as: Int64.self]))
        }
    }

    /// Runs lives for a while.
    ///
    /// - Returns: What one of them uses, in microseconds and bytes.
    private func perTask(
        on connections: [Connection], _ life: @escaping @Sendable (isolated Connection, Int) throws -> Int
    ) async throws -> ServerMeter.Use {
        let window = stage.scale.window
        let (tasks, use) = try await stage.meter.use {
            try await Pace.total(on: connections) { db, number in
                let end = ContinuousClock.now + window
                var total = 0
                // A call that finds nothing is no reason to stop: others have taken what this one enqueued.
                while ContinuousClock.now < end { total += try life(db, number) }
                return total
            }
        }
        return use.divided(by: Double(max(1, tasks)))
    }
}

extension ServerMeter.Use {
    /// The share of one task, in microseconds and bytes.
    fileprivate func divided(by tasks: Double) -> ServerMeter.Use {
        ServerMeter.Use(
            processorTime: processorTime.map { $0 * 1e6 / tasks }, logBytes: logBytes.map { $0 / tasks })
    }
}
