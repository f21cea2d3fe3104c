public import FoundationEssentials
public import Postgres

/// A task as an onlooker sees it, in whatever state it is.
public struct TaskInfo: Sendable {
    /// Which task it is.
    public var id: TaskID
    /// Where it was enqueued.
    public var queue: QueueName
    /// What sort of work it is.
    public var kind: String?
    /// One line for people.
    public var title: String?
    /// Where it stands.
    public var state: TaskState
    /// Why it stands there, in a word.
    public var reason: String?
    /// Lower goes first.
    public var priority: Int
    /// How many attempts were begun.
    public var attempts: Int
    /// How many may fail.
    public var maxAttempts: Int?
    /// Who holds it or ended it.
    public var agent: String?
    /// What is to be done.
    public var payload: JSONText?
    /// What came out.
    public var result: JSONText?
    /// Why it failed last.
    public var error: String?
    /// When it was enqueued.
    public var createdAt: Date?
    /// When it can be claimed, if it waits for that.
    public var dueAt: Date?
    /// When the current or last attempt began.
    public var startedAt: Date?
    /// When it ended.
    public var finishedAt: Date?
    /// When the holder's grant ends, unless it is renewed.
    public var leaseUntil: Date?
    /// How far the holder says it is, from 0 to 100.
    public var percent: Double?
    /// What the holder said last.
    public var note: String?
    /// Which grant is the last.
    public var epoch: Int?
    /// The task whose holder enqueued this one.
    public var parent: TaskID?
    /// Its idempotency key.
    public var key: String?
    /// The W3C `traceparent` of whoever asked for the work.
    public var trace: String?

    /// Reads the columns of ``SteeringSQL/columns``.
    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: TaskID.self]
        queue = try row[1, as: QueueName.self]
        kind = try row[2, as: String?.self]
        title = try row[3, as: String?.self]
        state = try row[4, as: TaskState.self]
        reason = try row[5, as: String?.self]
        priority = try row[6, as: Int?.self] ?? 0
        attempts = try row[7, as: Int?.self] ?? 0
        maxAttempts = try row[8, as: Int?.self]
        agent = try row[9, as: String?.self]
        payload = try row[10, as: JSONText?.self]
        result = try row[11, as: JSONText?.self]
        error = try row[12, as: String?.self]
        createdAt = try row[13, as: Date?.self]
        dueAt = try row[14, as: Date?.self]
        startedAt = try row[15, as: Date?.self]
        finishedAt = try row[16, as: Date?.self]
        leaseUntil = try row[17, as: Date?.self]
        percent = try row[18, as: Double?.self]
        note = try row[19, as: String?.self]
        epoch = try row[20, as: Int?.self]
        parent = try row[21, as: TaskID?.self]
        key = try row[22, as: String?.self]
        trace = try row[23, as: String?.self]
    }
}
