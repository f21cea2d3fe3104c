import FoundationEssentials
import PgSwarm
import Postgres

/// What a claim of one task costs when many others are ready, beside what it costs when few are.
///
/// Each number of tasks is in a database of its own where such may be made: an index that holds a million
/// entries of another queue would be as deep.
struct ClaimBench {
    let stage: BenchStage

    func run() async throws -> [Figure] {
        let depths = stage.scale.depths
        var benches: [FilledQueue] = []
        let outcome: Result<[Figure], any Error>
        do {
            for (index, depth) in depths.enumerated() {
                stage.progress.tell("claim, filling a queue with \(depth.counted("task"))")
                benches.append(try await open(index, depth))
            }
            outcome = .success(try await measure(benches))
        } catch {
            outcome = .failure(error)
        }
        for bench in benches { await bench.connection.close() }
        return try outcome.get()
    }

    private func open(_ index: Int, _ depth: Int) async throws -> FilledQueue {
        let options = stage.siblings.indices.contains(index) ? stage.siblings[index] : stage.options
        let connection = try await Connection.connect(options)
        do {
            let session = try await stage.openSessions([connection])[0]
            let queue = stage.queue("claim-\(depth)")
            try await stage.fill(queue, depth, on: connection, session: session)
            return FilledQueue(connection: connection, session: session, queue: queue)
        } catch {
            await connection.close()
            throw error
        }
    }

    private func measure(_ benches: [FilledQueue]) async throws -> [Figure] {
        let samples = stage.scale.claims
        var times: [[Double]] = Array(repeating: [], count: benches.count)
        var bareTimes: [Double] = []
        let bare = stage.bare
        let line = 9
        return try await stage.withConnections(1) { connections in
            let fewest = stage.scale.depths[0]
            try await connections[0].run { db in _ = try db.execute(bare.fill(line: line, count: fewest)) }
            for sample in 0..<samples {
                if sample.isMultiple(of: 50) { stage.progress.tell("claim, \(sample) of \(samples)") }
                try Task.checkCancellation()
                for (index, bench) in benches.enumerated() { times[index].append(try await bench.claim()) }
                bareTimes.append(
                    try await connections[0].run { db in
                        try Pace.milliseconds { try db.execute(bare.take(line: line, count: 1)) }
                    })
            }
            return [0.5, 0.99].flatMap { figures($0, times.map(Samples.init), Samples(bareTimes)) }
        }
    }

    private func figures(_ share: Double, _ times: [Samples], _ bare: Samples) -> [Figure] {
        let name = share == 0.5 ? "p50" : "p99"
        return zip(stage.scale.depths, times).enumerated().map { index, measured in
            let (depth, samples) = measured
            return Figure(
                part: .claim, name: "claim_\(depth)_\(name)",
                title: "claim one of \(depth.grouped) ready, \(name)", unit: .milliseconds,
                rounds: [
                    Figure.Round(
                        samples.percentile(share), beside: (index == 0 ? bare : times[0]).percentile(share))
                ],
                limitTitle: index == 0
                    ? "bare DELETE + INSERT, one commit"
                    : "the same with \(stage.scale.depths[0].grouped) ready")
        }
    }
}

/// A queue with as many ready tasks as a measurement asks for.
private struct FilledQueue: Sendable {
    let connection: Connection
    let session: UUID
    let queue: QueueName

    /// Claims one task, and completes it when the clock has stopped; milliseconds.
    func claim() async throws -> Double {
        try await connection.run { db in
            var claimed: [ClaimedTask] = []
            let time = try Pace.milliseconds {
                claimed = try db.claim(ClaimRequest([queue]), session: session)
            }
            _ = try db.settle(claimed.map { (handle: $0.handle, verdict: Verdict.complete()) })
            return time
        }
    }
}
