import FoundationEssentials
import PgSwarm
import Postgres

/// Doing away with a backlog of tasks that need no work.
struct DrainBench {
    let stage: BenchStage

    func run() async throws -> [Figure] {
        var figures: [Figure] = []
        for (batch, tasks) in stage.scale.drained {
            figures += try await measureWorker(batch: batch, tasks: tasks)
        }
        figures.append(try await measureOneConnection(tasks: stage.scale.drained[0].tasks))
        figures.append(try await measureSingles())
        return figures
    }

    /// The worker beside the same functions without it, and beside the bare statement, over as many
    /// connections.
    private func measureWorker(batch: Int, tasks: Int) async throws -> [Figure] {
        let drain = WorkerDrain(stage: stage, batch: batch)
        let loops = DrainLoops(stage: stage, batch: batch, tasks: tasks)
        let title = "drain, batch \(batch)"
        let values = try await stage.withConnections(drain.calls) { connections in
            let sessions = try await stage.openSessions(connections)
            return try await stage.alternating(
                title,
                [
                    { round in
                        let queue = stage.queue("worker-\(batch)-\(round)")
                        try await stage.fill(queue, tasks, on: connections[0], session: sessions[0])
                        return try await drain.rate(queue, tasks: tasks)
                    },
                    { round in try await loops.steps(on: connections, sessions, round: round) },
                    { round in try await loops.takes(on: connections, round: round) },
                ])
        }
        return [
            Figure(
                part: .drain, name: "drain_worker_\(batch)", title: "\(title), worker", unit: .perSecond,
                rounds: values[0].beside(values[1]),
                limitTitle: "step() in a loop, \(drain.calls.counted("connection"))"),
            Figure(
                part: .drain, name: "drain_worker_\(batch)_bare", title: "\(title), worker", unit: .perSecond,
                rounds: values[0].beside(values[2]), limitTitle: "bare DELETE + INSERT, one commit"),
            Figure(
                part: .drain, name: "drain_step_\(batch)_bare", title: "\(title), step() in a loop",
                unit: .perSecond,
                rounds: values[1].beside(values[2]), limitTitle: "bare DELETE + INSERT, one commit"),
        ]
    }

    /// What the protocol itself costs, with nobody beside.
    private func measureOneConnection(tasks: Int) async throws -> Figure {
        let loops = DrainLoops(stage: stage, batch: 1, tasks: tasks)
        let title = "drain, batch 1, one connection"
        let values = try await stage.withConnections(1) { connections in
            let sessions = try await stage.openSessions(connections)
            return try await stage.alternating(
                title,
                [
                    { round in try await loops.steps(on: connections, sessions, round: 100 + round) },
                    { round in try await loops.takes(on: connections, round: 100 + round) },
                ])
        }
        return Figure(
            part: .drain, name: "drain_step_1_alone_bare", title: title, unit: .perSecond,
            rounds: values[0].beside(values[1]), limitTitle: "bare DELETE + INSERT, one commit")
    }

    /// Many Swift tasks that each claim and complete one task at a time, which the library puts together.
    private func measureSingles() async throws -> Figure {
        let (callers, tasks) = stage.scale.grouped
        let title = "drain, \(callers.grouped) callers of one task each"
        let loops = DrainLoops(stage: stage, batch: 100, tasks: tasks)
        let values = try await stage.withConnections(2) { connections in
            let sessions = try await stage.openSessions(connections)
            return try await stage.alternating(
                title,
                [
                    { round in
                        let queue = stage.queue("singles-\(round)")
                        try await stage.fill(queue, tasks, on: connections[0], session: sessions[0])
                        return try await SinglesDrain(stage: stage, callers: callers).rate(queue)
                    },
                    { round in try await loops.steps(on: connections, sessions, round: 200 + round) },
                ])
        }
        return Figure(
            part: .drain, name: "drain_singles", title: title, unit: .perSecond,
            rounds: values[0].beside(values[1]), limitTitle: "step() in a loop, batch 100, 2 connections")
    }
}
