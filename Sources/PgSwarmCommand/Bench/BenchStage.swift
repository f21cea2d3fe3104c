import FoundationEssentials
import Logging
import PgSwarm
import Postgres

/// Where the parts of a benchmark measure: a database, a name of their own in it, and what they have in
/// common.
struct BenchStage: Sendable {
    let options: ConnectionOptions
    /// Begins the names of all queues, and is that of the schema with the bare tables.
    let name: String
    let identity: Identity
    let scale: BenchScale
    let meter: ServerMeter
    let progress: BenchProgress
    /// Databases like this one, for measurements that depend on how full the tables are; empty if none may
    /// be made.
    let siblings: [ConnectionOptions]

    /// What the limits are measured with.
    var bare: BareSQL { BareSQL(schema: name) }

    /// A queue for one measurement.
    func queue(_ purpose: String) -> QueueName {
        QueueName("\(name)-\(purpose)")
    }

    /// A swarm in this process, as a program that uses the library has it.
    func swarm() -> Swarm {
        var configuration = SwarmConfiguration(logger: Logs.logger("pgswarm.bench"))
        configuration.agent = identity.agent
        configuration.credential = identity.credential
        return Swarm(options, configuration: configuration)
    }

    /// Lends connections of their own to a measurement.
    ///
    /// - Parameter options: Where to, if not to the stage's database.
    func withConnections<Answer: Sendable>(
        _ count: Int, to options: ConnectionOptions? = nil, _ body: ([Connection]) async throws -> Answer
    ) async throws -> Answer {
        var connections: [Connection] = []
        let outcome: Result<Answer, any Error>
        do {
            for _ in 0..<count { connections.append(try await Connection.connect(options ?? self.options)) }
            outcome = .success(try await body(connections))
        } catch {
            outcome = .failure(error)
        }
        for connection in connections { await connection.close() }
        return try outcome.get()
    }

    /// Opens a session for each connection.
    func openSessions(_ connections: [Connection]) async throws -> [UUID] {
        var sessions: [UUID] = []
        for connection in connections {
            sessions.append(try await connection.run { db in try openSession(db) })
        }
        return sessions
    }

    /// Opens a session.
    func openSession(_ db: isolated Connection) throws -> UUID {
        let introduction = Introduction(
            agent: identity.agent, kind: .runtime, credential: identity.credential)
        return try db.openSession(introduction).token
    }

    /// How the stage's agent shows who it is when it enqueues.
    func author(_ session: UUID) -> EnqueueAuthor {
        identity.credential == nil ? EnqueueAuthor(agent: identity.agent) : EnqueueAuthor(session: session)
    }

    /// Enqueues tasks in big calls.
    func fill(_ queue: QueueName, _ count: Int, on connection: Connection, session: UUID) async throws {
        let author = author(session)
        try await connection.run { db in
            var missing = count
            while missing > 0 {
                let part = min(missing, 10_000)
                try db.execute(BenchSQL.fill(queue, count: part, by: author))
                missing -= part
            }
        }
    }

    /// Alternates measurements for so many rounds, every other one in reverse, so that what drifts while
    /// they run, and what one leaves behind for the next, spreads over all.
    ///
    /// - Returns: The values of each measurement, one for each round.
    func alternating(
        _ title: String, _ measurements: [(Int) async throws -> Double?]
    ) async throws -> [[Double?]] {
        var values: [[Double?]] = Array(repeating: [], count: measurements.count)
        for round in 0..<scale.rounds {
            progress.tell("\(title), round \(round + 1) of \(scale.rounds)")
            let order = Array(measurements.indices)
            for index in round.isMultiple(of: 2) ? order : order.reversed() {
                try Task.checkCancellation()
                values[index].append(try await measurements[index](round))
            }
        }
        return values
    }
}

extension [Double?] {
    /// The rounds of a figure whose limit was measured in the same rounds.
    func beside(_ limits: [Double?]) -> [Figure.Round] {
        zip(self, limits).map { Figure.Round($0, beside: $1) }
    }
}
