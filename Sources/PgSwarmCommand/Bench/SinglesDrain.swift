import PgSwarm
import Postgres

/// Drains a queue with many Swift tasks, each of which claims one task and completes it, again and again.
struct SinglesDrain: Sendable {
    let stage: BenchStage
    let callers: Int

    /// Tasks a second.
    func rate(_ queue: QueueName) async throws -> Double {
        let swarm = stage.swarm()
        // Opens the session and the first connection.
        _ = try await swarm.session()
        let start = ContinuousClock.now
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var done = 0
                    while let task = try await swarm.claim([queue]).first {
                        try await swarm.complete(task.handle)
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        let time = (ContinuousClock.now - start).inSeconds
        await swarm.close(endingSession: true)
        return Double(done) / time
    }
}
