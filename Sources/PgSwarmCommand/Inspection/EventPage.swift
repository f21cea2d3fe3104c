import FoundationEssentials
import PgSwarm
import Postgres

/// Which events are shown.
struct EventFilter: Sendable {
    var task: TaskID?
    var queue: QueueName?
    /// From this moment on.
    var since: Date?
    /// From so long ago on, by the database's clock.
    var span: Duration?
    /// At most so many, the newest.
    var limit: Int?
}

/// One event of one task, as it is shown.
struct EventInfo: Sendable {
    let id: Int64
    let at: Date
    let kind: String
    let taskID: TaskID?
    let queue: String?
    let agent: String?
    let detail: JSONText?
    /// The transaction that wrote it.
    let xact: Int64

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        at = try row[1, as: Date.self]
        kind = try row[2, as: String.self]
        taskID = try row[3, as: Int64?.self].map { TaskID(rawValue: $0) }
        queue = try row[4, as: String?.self]
        agent = try row[5, as: String?.self]
        detail = try row[6, as: JSONText?.self]
        xact = try row[7, as: Int64.self]
    }

    /// The event as `events --json` gives it.
    var json: JSON {
        [
            "id": .string(String(id)), "at": JSON(at), "kind": .string(kind),
            "task_id": JSON(taskID?.description),
            "queue": JSON(queue), "agent": JSON(agent), "detail": JSON(detail),
        ]
    }
}

/// Follows events and misses none.
///
/// Ids are not in the order of commits, so the place reached is a transaction: the oldest that may still
/// write. What was shown of later ones is remembered until they are done.
struct EventCursor: Sendable {
    private var horizon: Int64
    private var shown: Set<Int64> = []

    /// Begins after the events of `page`, which were read when `horizon` was the oldest running transaction.
    init(horizon: Int64, after page: [EventInfo]) {
        self.horizon = horizon
        shown = Set(page.lazy.filter { $0.xact >= horizon }.map(\.id))
    }

    /// Where to read on from.
    var xact: Int64 { horizon }

    /// What is new among the events from ``xact`` on.
    ///
    /// - Parameter horizon: The oldest running transaction before `events` were read.
    mutating func advance(_ events: [EventInfo], horizon: Int64) -> [EventInfo] {
        let new = events.filter { !shown.contains($0.id) }
        shown = Set(events.lazy.filter { $0.xact >= horizon }.map(\.id))
        self.horizon = horizon
        return new
    }
}

extension Connection {
    /// The newest events that match, oldest of them first.
    func events(matching filter: EventFilter) throws -> [EventInfo] {
        try query(InspectionSQL.events(filter)).map { row throws(PostgresError) in try EventInfo(row) }
    }

    /// The first page of events and the cursor behind it.
    func beginFollowing(_ filter: EventFilter) throws -> ([EventInfo], EventCursor) {
        // The horizon is read first: whatever is written in between is read twice rather than never.
        let horizon = try eventHorizon()
        let page = try events(matching: filter)
        return (page, EventCursor(horizon: horizon, after: page))
    }

    /// What has been written since, moving the cursor on.
    func follow(_ filter: EventFilter, from cursor: EventCursor) throws -> ([EventInfo], EventCursor) {
        var cursor = cursor
        let horizon = try eventHorizon()
        let rows = try query(InspectionSQL.events(filter, from: cursor.xact))
        let events = try rows.map { row throws(PostgresError) in try EventInfo(row) }
        return (cursor.advance(events, horizon: horizon), cursor)
    }

    private func eventHorizon() throws -> Int64 {
        guard let row = try query(InspectionSQL.horizon).first else {
            throw SwarmError(.internal, "the database answered no row")
        }
        return try row[0, as: Int64.self]
    }
}
