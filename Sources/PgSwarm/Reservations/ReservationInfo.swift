public import FoundationEssentials
import Postgres

/// A live reservation, as everybody may see it.
public struct ReservationInfo: Sendable {
    /// Whose names these are.
    public var namespace: String
    /// `path`, or the kind of another resource.
    public var kind: String
    /// What is reserved, in its normal form.
    public var pattern: String
    /// How much others are kept out.
    public var mode: String
    /// Who has it.
    public var agent: String?
    /// The task under which it is reserved.
    public var taskID: TaskID?
    /// Names what one handle holds; it is no handle.
    public var reservation: String
    /// Grows with each grant in the namespace.
    public var epoch: Int64
    /// Since when.
    public var takenAt: Date
    /// Until when, unless extended.
    public var until: Date?

    init(_ row: Row) throws(PostgresError) {
        namespace = try row[0, as: String.self]
        kind = try row[1, as: String.self]
        pattern = try row[2, as: String.self]
        mode = try row[3, as: String.self]
        agent = try row[4, as: String?.self]
        taskID = try row[5, as: Int64?.self].map { TaskID(rawValue: $0) }
        reservation = try row[6, as: String.self]
        epoch = try row[7, as: Int64.self]
        takenAt = try row[8, as: Date.self]
        until = try row[9, as: Date?.self]
    }
}

/// Where a path lies.
public struct PathCheck: Sendable {
    /// The path as it was asked for.
    public var path: String
    /// `inside` what the caller has reserved, `taken` by somebody else, or `outside`.
    public var verdict: String
    /// Who has reserved it.
    public var agent: String?
    /// The task under which it is reserved.
    public var taskID: TaskID?
    /// The reservation that covers it.
    public var pattern: String?
    /// How it is reserved.
    public var mode: String?
    /// Until when.
    public var until: Date?

    init(_ row: Row) throws(PostgresError) {
        path = try row[0, as: String.self]
        verdict = try row[1, as: String.self]
        agent = try row[2, as: String?.self]
        taskID = try row[3, as: Int64?.self].map { TaskID(rawValue: $0) }
        pattern = try row[4, as: String?.self]
        mode = try row[5, as: String?.self]
        until = try row[6, as: Date?.self]
    }
}
