import FoundationEssentials
import PgSwarm
import Postgres

/// A benchmark from the first look at the server to the last trace removed.
struct BenchRun {
    /// How to reach the database that the user named.
    let home: ConnectionOptions
    let identity: Identity
    let parts: [BenchPart]
    let scale: BenchScale
    /// Whether to measure in the user's database instead of one made for it.
    let isHere: Bool
    let progress: BenchProgress

    /// Measures; what was made for it is removed whether it succeeds, fails or is cancelled.
    func run() async throws -> BenchReport {
        let start = ContinuousClock.now
        // Before the first use, so that nothing that is half made is left behind.
        let count = isHere ? 0 : parts.contains(.claim) ? 1 + scale.depths.count : 1
        let scratches = (0..<count).map { _ in ScratchDatabase.planned(at: planned) }
        let name = scratches.first?.name ?? ScratchDatabase.planned(at: planned).name
        let outcome: Result<BenchReport, any Error>
        do {
            for scratch in scratches {
                try Task.checkCancellation()
                progress.tell("making a database to measure in")
                try await scratch.create()
            }
            outcome = .success(try await measure(in: scratches.map(\.options), name: name, since: start))
        } catch {
            outcome = .failure(error)
        }
        // A Swift task of its own, because this one may have been cancelled.
        let remains = await Task { await cleanUp(scratches, name: name) }.value
        progress.clear()
        switch outcome {
        case .success(var report):
            report.notes += remains
            return report
        case .failure(let error):
            if let remain = remains.first {
                throw CommandFailure("failed", "\(CommandFailure(error).message); \(remain)")
            }
            throw error
        }
    }

    /// As a swarm connects, so that the limits get the same plans.
    private var planned: ConnectionOptions {
        var options = home
        let settings = ["enable_seqscan": "off", "jit": "off", "plan_cache_mode": "force_generic_plan"]
        options.settings.merge(settings) { given, _ in given }
        return options
    }

    private func measure(
        in scratches: [ConnectionOptions], name: String, since start: ContinuousClock.Instant
    ) async throws -> BenchReport {
        let options = scratches.first ?? planned
        let connection = try await Connection.connect(options)
        let outcome: Result<BenchReport, any Error>
        do {
            let server = try await connection.run { db in try db.serverTraits() }
            let meter = await ServerMeter(connection, database: server.database)
            let stage = BenchStage(
                options: options, name: name, identity: identity, scale: scale, meter: meter,
                progress: progress,
                siblings: Array(scratches.dropFirst()))
            try await connection.run { db in try db.execute(stage.bare.setUp) }
            var figures: [Figure] = []
            for part in parts { figures += try await part.figures(on: stage) }
            let warnings = server.isDurable ? [] : ["commits are not durable here: the figures flatter"]
            outcome = .success(
                BenchReport(
                    server: server, figures: figures, notes: warnings + meter.gaps, isQuick: scale.isQuick,
                    time: .now - start))
        } catch {
            outcome = .failure(error)
        }
        await connection.close()
        return try outcome.get()
    }

    /// Removes everything; says what could not be.
    private func cleanUp(_ scratches: [ScratchDatabase], name: String) async -> [String] {
        progress.tell("cleaning up")
        var remains: [String] = []
        for scratch in scratches {
            do {
                try await scratch.drop()
            } catch {
                remains.append(
                    "the database \(scratch.name) is still there: \(CommandFailure(error).message)")
            }
        }
        guard isHere else { return remains }
        do {
            try await Connection.visit(home) { db in
                try db.execute(
                    [BareSQL(schema: name).tearDown] + BenchSQL.removals(ofQueuesLike: "\(name)-%"))
            }
        } catch {
            remains.append("the queues \(name)-* are still there: \(CommandFailure(error).message)")
        }
        return remains
    }
}

extension BenchPart {
    /// Measures this part.
    fileprivate func figures(on stage: BenchStage) async throws -> [Figure] {
        switch self {
        case .commits: try await CommitBench(stage: stage).run()
        case .enqueue: try await EnqueueBench(stage: stage).run()
        case .drain: try await DrainBench(stage: stage).run()
        case .wake: try await WakeBench(stage: stage).run()
        case .claim: try await ClaimBench(stage: stage).run()
        case .renewal: try await RenewalBench(stage: stage).run()
        case .cost: try await CostBench(stage: stage).run()
        }
    }
}
