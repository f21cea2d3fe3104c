import FoundationEssentials
import Postgres

/// A live session.
struct SessionInfo: Sendable {
    let sessionID: Int64
    let agent: String
    let kind: String
    let host: String?
    let processID: Int?
    let client: String?
    let expiresAt: Date
    let openedAt: Date
    let leases: Int

    init(_ row: Row) throws(PostgresError) {
        sessionID = try row[0, as: Int64.self]
        agent = try row[1, as: String.self]
        kind = try row[2, as: String.self]
        host = try row[3, as: String?.self]
        processID = try row[4, as: Int?.self]
        client = try row[5, as: String?.self]
        expiresAt = try row[6, as: Date.self]
        openedAt = try row[7, as: Date.self]
        leases = try row[8, as: Int?.self] ?? 0
    }

    /// The session as `status --json` gives it.
    var json: JSON {
        [
            "session_id": .string(String(sessionID)), "agent": .string(agent), "kind": .string(kind),
            "host": JSON(host), "pid": JSON(processID), "client": JSON(client), "opened_at": JSON(openedAt),
            "expires_at": JSON(expiresAt), "leases": JSON(leases),
        ]
    }
}
