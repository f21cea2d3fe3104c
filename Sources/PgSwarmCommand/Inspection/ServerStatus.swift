import FoundationEssentials
import PgSwarm
import Postgres

/// What can be promised on a server, and who is at work.
struct ServerStatus: Sendable {
    let version: String
    let database: String
    let user: String
    let isReplica: Bool
    let fsync: Bool
    let fullPageWrites: Bool
    let synchronousCommit: String
    let synchronousStandbys: String
    let schemaVersion: Int?
    let queues: [QueueInfo]
    let sessions: [SessionInfo]
    /// The agent whose coordinator leads; `nil` when none does.
    let leader: String?
    /// Whether there is a person whom no agent can pass for.
    let hasHumans: Bool

    /// How much an acknowledged write survives.
    enum Durability: String, Sendable {
        /// Nothing is promised: the server may lose what it acknowledged.
        case none = "D0"
        /// A crash of the server; not the loss of its disk.
        case crash = "D1"
        /// Also the loss of the server, because a standby has the write too.
        case standby = "D2"
    }

    /// The level of this server's settings for this user.
    var durability: Durability {
        guard fsync, fullPageWrites, synchronousCommit != "off" else { return .none }
        return synchronousStandbys.isEmpty || synchronousCommit == "local" ? .crash : .standby
    }

    /// What an operator should change, most important first.
    var warnings: [String] {
        var warnings: [String] = []
        if !fsync {
            warnings.append("fsync is off: a crash of the machine loses tasks and may ruin the database")
        }
        if !fullPageWrites {
            warnings.append("full_page_writes is off: a crash of the machine may ruin the database")
        }
        if synchronousCommit == "off" {
            warnings.append(
                "synchronous_commit is off: a crash loses the last acknowledged tasks and results")
        }
        if isReplica {
            warnings.append("this server is a replica: it can be looked at, but nothing can be done here")
        }
        return warnings
    }
}

extension Connection {
    /// Looks at the server and at who works on it.
    func status() throws -> ServerStatus {
        let rows = try query(InspectionSQL.server)
        guard let row = rows.first else { throw SwarmError(.internal, "the database answered no row") }
        return ServerStatus(
            version: try row[0, as: String.self],
            database: try row[1, as: String.self],
            user: try row[2, as: String.self],
            isReplica: try row[3, as: Bool.self],
            fsync: try row[4, as: Bool.self],
            fullPageWrites: try row[5, as: Bool.self],
            synchronousCommit: try row[6, as: String.self],
            synchronousStandbys: try row[7, as: String.self],
            schemaVersion: try row[8, as: Int?.self],
            queues: try queues(),
            sessions: try query(InspectionSQL.sessions).map { try SessionInfo($0) },
            leader: try query(InspectionSQL.seat).first.map { row throws(PostgresError) in
                try row[0, as: String.self]
            },
            hasHumans: try query(InspectionSQL.humans).first.map { row throws(PostgresError) in
                try row[0, as: Bool.self]
            } ?? false)
    }
}
