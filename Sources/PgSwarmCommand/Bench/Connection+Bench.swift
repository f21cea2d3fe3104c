import PgSwarm
import Postgres

extension Connection {
    /// Connects for one visit.
    static func visit<Answer: Sendable>(
        _ options: ConnectionOptions, _ body: @Sendable (isolated Connection) throws -> Answer
    ) async throws -> Answer {
        let connection = try await Connection.connect(options)
        let outcome: Result<Answer, any Error>
        do {
            outcome = .success(try await connection.run(body))
        } catch {
            outcome = .failure(error)
        }
        await connection.close()
        return try outcome.get()
    }

    /// What decides how fast the server can be.
    func serverTraits() throws -> BenchReport.Server {
        let row = try query(BenchSQL.server)[0]
        return BenchReport.Server(
            version: try row[0, as: String.self], fsync: try row[1, as: String.self],
            synchronousCommit: try row[2, as: String.self], sharedBuffers: try row[3, as: String.self],
            database: try row[4, as: String.self])
    }

    /// Runs statements one after the other.
    func execute(_ statements: [SQL]) throws {
        for statement in statements { try execute(statement) }
    }
}
