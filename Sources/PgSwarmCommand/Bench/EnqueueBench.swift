import FoundationEssentials
import PgSwarm
import Postgres

/// Enqueueing on one connection, one commit a call, beside an array INSERT of the same bodies into a bare
/// table with the columns and the key of the protocol's.
struct EnqueueBench {
    let stage: BenchStage

    func run() async throws -> [Figure] {
        try await stage.withConnections(1) { connections in
            let session = try await stage.openSessions(connections)[0]
            var figures: [Figure] = []
            for size in [1, 100, 1000] {
                figures.append(try await measure(size, on: connections, session: session))
            }
            return figures
        }
    }

    private func measure(_ size: Int, on connections: [Connection], session: UUID) async throws -> Figure {
        let title = size == 1 ? "enqueue, one a call" : "enqueue, \(size) a call"
        let drafts = BenchPayload.drafts(size, for: stage.queue("enqueue"))
        let author = stage.author(session)
        let payloads = BenchPayload.texts(size)
        let bare = stage.bare
        let window = stage.scale.window
        let rates = try await stage.alternating(
            title,
            [
                { _ in
                    try await Pace.rate(on: connections) { db, _ in
                        try Pace.repeating(for: window) { try db.enqueue(drafts, by: author).count }
                    }
                },
                { _ in
                    try await Pace.rate(on: connections) { db, _ in
                        try Pace.repeating(for: window) { try db.execute(bare.insert(payloads)) }
                    }
                },
            ])
        return Figure(
            part: .enqueue, name: "enqueue_\(size)", title: title, unit: .perSecond,
            rounds: rates[0].beside(rates[1]), limitTitle: "bare array INSERT")
    }
}
