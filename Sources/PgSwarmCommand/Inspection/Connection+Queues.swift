import PgSwarm
import Postgres

extension Connection {
    /// Which of some queues have come into being.
    ///
    /// - Parameter start: Before this moment.
    func known(
        among queues: [QueueName], before start: ContinuousClock.Instant = .now
    ) throws -> Set<QueueName> {
        let names = try query(InspectionSQL.known(among: queues, before: .now - start)).map {
            row throws(PostgresError) in
            try row[0, as: String.self]
        }
        return Set(names.map { QueueName($0) })
    }

    /// Whether a queue has come into being.
    func knows(_ queue: QueueName) throws -> Bool {
        try !known(among: [queue]).isEmpty
    }
}
