public import FoundationEssentials
public import Postgres

/// One version of a contract.
public struct ContractInfo: Sendable {
    /// Name and version.
    public var version: ContractVersion
    /// `json_schema`, `openapi`, `sql`, `signature` or `text`.
    public var kind: String
    /// `draft`, `agreed`, `deprecated` or `withdrawn`.
    public var status: String
    /// The rule by which versions may differ.
    public var compatibility: String
    /// Whose it is.
    public var owner: String?
    /// The SHA-256 of the body, in hexadecimal digits.
    public var digest: String
    /// The breaking version that came after it.
    public var supersededBy: String?
    /// A command that checks what the database can't.
    public var check: String?
    /// What people should know of it.
    public var note: String?
    /// Who published it.
    public var publishedBy: String?
    /// When.
    public var publishedAt: Date
    /// Who agreed to it.
    public var agreedBy: String?
    /// When.
    public var agreedAt: Date?
    /// The schema or the text; only of a version that was asked for by name.
    public var body: JSONText?
    /// `{"valid": […], "invalid": […]}`; only with the body.
    public var examples: JSONText?

    init(_ row: Row) throws(PostgresError) {
        version = ContractVersion(name: try row[0, as: String.self], version: try row[1, as: String.self])
        kind = try row[2, as: String.self]
        status = try row[3, as: String.self]
        compatibility = try row[4, as: String.self]
        owner = try row[5, as: String?.self]
        digest = try row[6, as: String.self]
        supersededBy = try row[7, as: String?.self]
        check = try row[8, as: String?.self]
        note = try row[9, as: String?.self]
        publishedBy = try row[10, as: String?.self]
        publishedAt = try row[11, as: Date.self]
        agreedBy = try row[12, as: String?.self]
        agreedAt = try row[13, as: Date?.self]
        body = try row[14, as: JSONText?.self]
        examples = try row[15, as: JSONText?.self]
    }
}

/// A task that pins a version of a contract.
public struct ContractDependent: Sendable {
    /// The version it pins.
    public var version: String
    /// `produces` or `consumes`.
    public var role: String
    /// The task.
    public var taskID: TaskID
    /// Its queue.
    public var queue: QueueName
    /// One line for people.
    public var title: String?
    /// Its state.
    public var state: TaskState
    /// Who holds it.
    public var agent: String?
    /// Its plan.
    public var plan: String?
    /// The breaking version that came after the one it pins.
    public var supersededBy: String?
    /// Why a human lets it go on by the old version.
    public var waived: String?

    init(_ row: Row) throws(PostgresError) {
        version = try row[0, as: String.self]
        role = try row[1, as: String.self]
        taskID = try row[2, as: TaskID.self]
        queue = try row[3, as: QueueName.self]
        title = try row[4, as: String?.self]
        state = try row[5, as: TaskState.self]
        agent = try row[6, as: String?.self]
        plan = try row[7, as: String?.self]
        supersededBy = try row[8, as: String?.self]
        waived = try row[9, as: String?.self]
    }
}
