import FoundationEssentials
import PgSwarm
import Postgres

/// The least that waking somebody through the database takes: a notification that arrives, and a claim.
struct NotifyEcho {
    /// A sender and a listener that hears it.
    struct Open {
        fileprivate let stage: BenchStage
        fileprivate let queue: QueueName
        fileprivate let connection: Connection
        fileprivate let session: UUID
        fileprivate var events: AsyncStream<ListenerEvent>.Iterator

        /// Sends one notification and waits for it, then claims one task; milliseconds.
        mutating func roundTripAndClaim() async throws -> Double {
            let (bare, queue, author) = (stage.bare, queue, stage.author(session))
            let start = ContinuousClock.now
            try await connection.run { db in _ = try db.execute(bare.notify) }
            while true {
                guard let event = await events.next() else { throw CancellationError() }
                if case .notification = event { break }
            }
            let roundTrip = (ContinuousClock.now - start).inSeconds * 1000
            return try await connection.run { [session] db in
                try db.enqueue(TaskDraft(queue: queue), by: author)
                var claimed: [ClaimedTask] = []
                let claim = try Pace.milliseconds {
                    claimed = try db.claim(ClaimRequest([queue]), session: session)
                }
                _ = try db.settle(claimed.map { (handle: $0.handle, verdict: Verdict.complete()) })
                return roundTrip + claim
            }
        }
    }

    let stage: BenchStage

    /// Listens while `body` runs.
    func listening(_ body: (inout Open) async throws -> Void) async throws {
        try await stage.withConnections(1) { connections in
            let session = try await stage.openSessions(connections)[0]
            try await Listener(stage.options).withNotifications(on: [stage.name]) { events in
                var iterator = events.makeAsyncIterator()
                while let event = await iterator.next() {
                    if case .listening = event { break }
                }
                var open = Open(
                    stage: stage, queue: stage.queue("notify"), connection: connections[0], session: session,
                    events: iterator)
                try await body(&open)
            }
        }
    }
}
