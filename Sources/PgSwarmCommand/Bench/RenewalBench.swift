import FoundationEssentials
import PgSwarm
import Postgres

/// What the server spends on keeping leases alive at the default intervals, in percent of one core, beside
/// a bare UPDATE of as many leases.
struct RenewalBench {
    /// A third of the default lease of 15 minutes.
    private static let renewalInterval = 300.0
    private static let beatInterval = 60.0
    /// So that a round lasts long enough to be measured, fewer leases are renewed several times.
    private static let leastPerRound = 100_000

    let stage: BenchStage

    func run() async throws -> [Figure] {
        try await stage.withConnections(1) { connections in
            let connection = connections[0]
            var holders: [Holder] = []
            var figures: [Figure] = []
            for count in stage.scale.leases {
                stage.progress.tell("renewal, claiming \(count.counted("task"))")
                while holders.count * BenchScale.leasesPerSession < count {
                    try Task.checkCancellation()
                    holders.append(try await claim(on: connection))
                }
                figures.append(
                    try await measure(
                        holders, bareFrom: figures.isEmpty ? 0 : stage.scale.leases[0], connection))
            }
            return figures
        }
    }

    private func claim(on connection: Connection) async throws -> Holder {
        let queue = stage.queue("renewal")
        let session = try await stage.openSessions([connection])[0]
        try await stage.fill(queue, BenchScale.leasesPerSession, on: connection, session: session)
        return try await connection.run { db in
            let tasks = try db.claim(
                ClaimRequest([queue], count: BenchScale.leasesPerSession), session: session)
            return Holder(session: session, handles: tasks.map(\.handle))
        }
    }

    private func measure(_ holders: [Holder], bareFrom known: Int, _ connection: Connection) async throws
        -> Figure
    {
        let count = holders.reduce(0) { $0 + $1.handles.count }
        let title = "renewal of \(count.grouped) leases"
        let bare = stage.bare
        try await connection.run { db in _ = try db.execute(bare.lend(from: known, to: count)) }
        let repetitions = max(1, (stage.scale.isQuick ? 1 : Self.leastPerRound) / count)
        let values = try await stage.alternating(
            title,
            [
                { _ in
                    let beats = try await cost(on: connection, times: repetitions) { db in
                        for holder in holders { _ = try db.beat(holder.session) }
                    }
                    let renewals = try await cost(on: connection, times: repetitions) { db in
                        for holder in holders { _ = try db.renew(holder.handles, session: holder.session) }
                    }
                    return (renewals / Self.renewalInterval + beats / Self.beatInterval) * 100
                },
                { _ in
                    let size = Int64(BenchScale.leasesPerSession)
                    let updates = try await cost(on: connection, times: repetitions) { db in
                        for first in stride(from: Int64(1), through: Int64(count), by: Int(size)) {
                            try db.execute(bare.extend(Array(first..<first + size)))
                        }
                    }
                    return updates / Self.renewalInterval * 100
                },
            ])
        return Figure(
            part: .renewal, name: "renewal_\(count)", title: title, unit: .percentOfCore,
            rounds: values[0].beside(values[1]), limitTitle: "bare UPDATE of the leases, 1,000 a call")
    }

    /// Seconds of processor time that the server needs for the calls; where that can't be read, the time
    /// they take, which is more.
    private func cost(
        on connection: Connection, times: Int,
        _ calls: @escaping @Sendable (isolated Connection) throws -> Void
    ) async throws -> Double {
        let start = ContinuousClock.now
        let (_, use) = try await stage.meter.use {
            try await connection.run { db in
                for _ in 0..<times { try calls(db) }
            }
        }
        return (use.processorTime ?? (ContinuousClock.now - start).inSeconds) / Double(times)
    }
}

/// A session and what it holds.
private struct Holder: Sendable {
    let session: UUID
    let handles: [Handle]
}
