import Logging
import Postgres
import Synchronization

/// A coordinator's own session on a swarm, over one connection.
final class SwarmCoordination: CoordinatorSource {
    private let swarm: Swarm
    private let pool: ConnectionPool
    private let session = Mutex<Session?>(nil)

    init(_ swarm: Swarm) {
        self.swarm = swarm
        pool = ConnectionPool(swarm.options, configuration: .init(maximum: 1, acquireTimeout: .seconds(10)))
    }

    func open() async throws(SwarmError) {
        var introduction = Introduction(swarm.configuration)
        introduction.kind = .coordinator
        let filled = introduction
        let opened = try await call(by: .now + .seconds(10)) { db throws(SwarmError) in
            try db.openSession(filled)
        }
        session.withLock { $0 = opened }
    }

    func takeSeat(
        _ name: String, for term: Duration, by time: ContinuousClock.Instant
    ) async throws(SwarmError) -> Seat {
        guard let token = session.withLock({ $0?.token }) else {
            throw SwarmError(.sessionLost, "the coordinator has no session yet")
        }
        return try await call(by: time) { db throws(SwarmError) in
            try db.takeSeat(name, session: token, ttl: term)
        }
    }

    func leave(_ name: String) async {
        if let token = session.withLock({ $0?.token }) {
            do throws(SwarmError) {
                try await call(by: .now + .seconds(5)) { db throws(SwarmError) in
                    try db.leaveSeat(name, session: token)
                    try db.closeSession(token)
                }
            } catch {
                swarm.logger.info(
                    "the seat was not left; it is free at its end", metadata: ["error": "\(error)"])
            }
        }
        await pool.close()
    }

    func sweep(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> SweepReport {
        try await call(by: time) { db throws(SwarmError) in try db.sweep(batch: batch) }
    }

    func promote(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> Int {
        try await call(by: time) { db throws(SwarmError) in try db.promote(batch: batch) }
    }

    func maintain(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> MaintenanceReport {
        try await call(by: time) { db throws(SwarmError) in try db.maintain(batch: batch) }
    }

    private func call<Answer: Sendable>(
        by time: ContinuousClock.Instant,
        _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        do {
            return try await pool.withConnection(deadline: time) { db in try body(db) }
        } catch {
            throw SwarmError(any: error)
        }
    }
}
