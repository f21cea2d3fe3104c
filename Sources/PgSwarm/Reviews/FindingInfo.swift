public import FoundationEssentials
import Postgres

/// A finding as it stands, with what was said to it.
public struct FindingInfo: Sendable {
    /// Its number.
    public var id: Int64
    /// The task whose result it is about.
    public var taskID: TaskID
    /// The submission that it was found in.
    public var submission: Int64
    /// How bad it is: `info`, `minor`, `major` or `critical`.
    public var severity: String
    /// Where.
    public var location: String?
    /// What is wrong.
    public var claim: String
    /// How to see it.
    public var check: String?
    /// `fixed`, `disputed`, `accepted`, or `nil` while it is open.
    public var answer: String?
    /// Why, in the words of whoever answered.
    public var note: String?
    /// When it was found.
    public var at: Date

    static let columns =
        "id, task_id, submission_id, severity, location, claim, suggested_check, answer, note, at"

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        taskID = try row[1, as: TaskID.self]
        submission = try row[2, as: Int64.self]
        severity = try row[3, as: String.self]
        location = try row[4, as: String?.self]
        claim = try row[5, as: String.self]
        check = try row[6, as: String?.self]
        answer = try row[7, as: String?.self]
        note = try row[8, as: String?.self]
        at = try row[9, as: Date.self]
    }
}
