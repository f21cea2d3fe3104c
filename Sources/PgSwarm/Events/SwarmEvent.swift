public import FoundationEssentials
public import Postgres

/// One change of state, written in the same transaction as the change.
public struct SwarmEvent: Sendable {
    /// Its number; grows, but not strictly in the order of commits.
    public var id: Int64
    /// When it happened.
    public var at: Date
    /// What happened, in a word.
    public var kind: String
    /// To which task.
    public var taskID: TaskID?
    /// In which queue.
    public var queue: String?
    /// By whom.
    public var agent: String?
    /// More about it.
    public var detail: JSONText?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        at = try row[1, as: Date.self]
        kind = try row[2, as: String.self]
        taskID = try row[3, as: TaskID?.self]
        queue = try row[4, as: String?.self]
        agent = try row[5, as: String?.self]
        detail = try row[6, as: JSONText?.self]
    }
}

extension Connection {
    /// The events after a number, oldest first.
    public func events(
        after id: Int64? = nil, task: TaskID? = nil, limit: Int = 1000
    ) throws(SwarmError) -> [SwarmEvent] {
        try rows(EventsSQL.list(after: id, task: task, limit: limit)) { row throws(PostgresError) in
            try SwarmEvent(row)
        }
    }

    /// The newest events, oldest of them first.
    public func lastEvents(_ limit: Int = 50) throws(SwarmError) -> [SwarmEvent] {
        try rows(EventsSQL.last(limit: limit)) { row throws(PostgresError) in try SwarmEvent(row) }
    }
}
