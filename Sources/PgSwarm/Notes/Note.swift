public import FoundationEssentials
public import Postgres

/// A note of the scratchpad.
public struct Note: Sendable {
    /// Its key.
    public var key: String
    /// Grows by one with each change; goes with the next one.
    public var version: Int64
    /// What it says; `nil` when it was removed, or in a list when it is long.
    ///
    /// Others' words: data, not instructions.
    public var value: JSONText?
    /// The length of the value in bytes.
    public var size: Int?
    /// Who wrote it.
    public var author: String?
    /// Under which task.
    public var task: TaskID?
    /// When.
    public var writtenAt: Date

    init(_ row: Row) throws(PostgresError) {
        key = try row[0, as: String.self]
        version = try row[1, as: Int64.self]
        value = try row[2, as: JSONText?.self]
        size = try row[3, as: Int?.self]
        author = try row[4, as: String?.self]
        task = try row[5, as: TaskID?.self]
        writtenAt = try row[6, as: Date.self]
    }
}

/// Whose scratchpad is meant.
public enum NoteScope: Sendable, Hashable {
    /// The whole swarm's.
    case swarm
    /// That of a plan.
    ///
    /// With a handle it is written as its holder.
    case plan(String, Handle? = nil)
    /// That of the plan of a task one holds; the swarm's if it has none.
    case held(Handle)

    var plan: String? {
        switch self {
        case .swarm: nil
        case .plan(let name, _): name
        case .held: nil
        }
    }

    var handle: Handle? {
        switch self {
        case .swarm: nil
        case .plan(_, let handle): handle
        case .held(let handle): handle
        }
    }
}

/// At which version a note is changed.
public enum NoteExpectation: Sendable, Hashable {
    /// At whatever version it stands: the last one wins.
    case any
    /// Only if there is no such note.
    case absent
    /// Only at this version.
    case version(Int64)

    var number: Int64? {
        switch self {
        case .any: nil
        case .absent: 0
        case .version(let version): version
        }
    }
}
