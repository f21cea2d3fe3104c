import FoundationEssentials
import PgSwarm
import Postgres

/// A task that another one waits for.
struct DependencyInfo: Sendable {
    let onTask: TaskID
    let isMet: Bool
    let state: String?

    init(_ row: Row) throws(PostgresError) {
        onTask = TaskID(rawValue: try row[0, as: Int64.self])
        isMet = try row[1, as: Bool.self]
        state = try row[2, as: String?.self]
    }

    var json: JSON {
        ["id": .string(onTask.description), "met": .bool(isMet), "state": JSON(state)]
    }
}

/// What a superseded holder brought.
struct LateResultInfo: Sendable {
    let epoch: Int
    let agent: String?
    let verb: String
    let result: JSONText?
    let error: String?
    let reason: String?
    let at: Date

    init(_ row: Row) throws(PostgresError) {
        epoch = try row[0, as: Int.self]
        agent = try row[1, as: String?.self]
        verb = try row[2, as: String.self]
        result = try row[3, as: JSONText?.self]
        error = try row[4, as: String?.self]
        reason = try row[5, as: String?.self]
        at = try row[6, as: Date.self]
    }

    var json: JSON {
        [
            "epoch": JSON(epoch), "agent": JSON(agent), "verb": .string(verb), "result": JSON(result),
            "error": JSON(error), "reason": JSON(reason), "at": JSON(at),
        ]
    }
}

/// An effect outside the database.
struct EffectInfo: Sendable {
    let key: String
    let agent: String?
    let epoch: Int
    let intendedAt: Date
    let confirmedAt: Date?
    let detail: JSONText?
    let result: JSONText?

    init(_ row: Row) throws(PostgresError) {
        key = try row[0, as: String.self]
        agent = try row[1, as: String?.self]
        epoch = try row[2, as: Int.self]
        intendedAt = try row[3, as: Date.self]
        confirmedAt = try row[4, as: Date?.self]
        detail = try row[5, as: JSONText?.self]
        result = try row[6, as: JSONText?.self]
    }

    var json: JSON {
        [
            "key": .string(key), "agent": JSON(agent), "epoch": JSON(epoch), "intended_at": JSON(intendedAt),
            "confirmed_at": JSON(confirmedAt), "detail": JSON(detail), "result": JSON(result),
        ]
    }
}

/// What a holder reported about its work.
struct ReportInfo: Sendable {
    let at: Date
    let agent: String?
    let epoch: Int
    let percent: Double?
    let note: String?
    let checkpoint: JSONText?
    let usage: JSONText?

    init(_ row: Row) throws(PostgresError) {
        at = try row[0, as: Date.self]
        agent = try row[1, as: String?.self]
        epoch = try row[2, as: Int.self]
        percent = try row[3, as: Double?.self]
        note = try row[4, as: String?.self]
        checkpoint = try row[5, as: JSONText?.self]
        usage = try row[6, as: JSONText?.self]
    }

    var json: JSON {
        [
            "at": JSON(at), "agent": JSON(agent), "epoch": JSON(epoch), "percent": JSON(percent),
            "note": JSON(note),
            "checkpoint": JSON(checkpoint), "usage": JSON(usage),
        ]
    }
}

/// Everything that is known about one task.
struct TaskHistory: Sendable {
    let task: TaskInfo
    let reason: TaskReason
    let attempts: [AttemptInfo]
    let reports: [ReportInfo]
    let dependencies: [DependencyInfo]
    let effects: [EffectInfo]
    let lateResults: [LateResultInfo]

    /// What the next holder would go on from.
    var checkpoint: JSONText? { reports.last { $0.checkpoint != nil }?.checkpoint }
}

extension Connection {
    /// Reads everything about a task.
    func history(of id: TaskID) throws -> TaskHistory {
        TaskHistory(
            task: try task(id),
            reason: try why(id),
            attempts: try attempts(of: id),
            reports: try query(InspectionSQL.reports(on: id)).map { try ReportInfo($0) },
            dependencies: try query(InspectionSQL.dependencies(of: id)).map { try DependencyInfo($0) },
            effects: try query(InspectionSQL.effects(of: id)).map { try EffectInfo($0) },
            lateResults: try query(InspectionSQL.lateResults(of: id)).map { try LateResultInfo($0) })
    }
}
