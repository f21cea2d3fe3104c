import FoundationEssentials
import PgSwarm
import Postgres

/// Who holds a task.
struct LeaseInfo: Sendable {
    let taskID: TaskID
    let queue: String
    let title: String?
    let agent: String?
    let sessionID: Int64
    let epoch: Int
    let attempt: Int
    let startedAt: Date
    let leaseUntil: Date
    let isLive: Bool
    let isStalled: Bool
    let progressAt: Date?
    let deadline: Date?

    init(_ row: Row) throws(PostgresError) {
        taskID = TaskID(rawValue: try row[0, as: Int64.self])
        queue = try row[1, as: String.self]
        title = try row[2, as: String?.self]
        agent = try row[3, as: String?.self]
        sessionID = try row[4, as: Int64.self]
        epoch = try row[5, as: Int.self]
        attempt = try row[6, as: Int.self]
        startedAt = try row[7, as: Date.self]
        leaseUntil = try row[8, as: Date.self]
        isLive = try row[9, as: Bool?.self] ?? false
        isStalled = try row[10, as: Bool?.self] ?? false
        progressAt = try row[11, as: Date?.self]
        deadline = try row[12, as: Date?.self]
    }

    /// The lease as `leases --json` gives it.
    var json: JSON {
        [
            "task_id": .string(taskID.description), "queue": .string(queue), "title": JSON(title),
            "agent": JSON(agent), "session_id": .string(String(sessionID)), "epoch": JSON(epoch),
            "attempt": JSON(attempt), "started_at": JSON(startedAt), "lease_until": JSON(leaseUntil),
            "live": .bool(isLive), "stalled": .bool(isStalled), "progress_at": JSON(progressAt),
            "deadline": JSON(deadline),
        ]
    }
}

extension Connection {
    /// The leases, those that were granted first in front.
    func leases(limit: Int) throws -> [LeaseInfo] {
        try query(InspectionSQL.leases(limit: limit)).map { try LeaseInfo($0) }
    }
}
