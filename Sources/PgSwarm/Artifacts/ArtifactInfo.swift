public import FoundationEssentials
import Postgres

/// An artifact without its content.
public struct ArtifactInfo: Sendable {
    /// Its number.
    public var id: Int64
    /// The task that made it; `nil`: somebody who held none.
    public var task: TaskID?
    /// The plan that it belongs to.
    public var plan: String?
    /// What sort of thing.
    public var kind: String
    /// By which it is found.
    public var name: String?
    /// Among those of the same name, from 1.
    public var version: Int
    /// How its producer stands: `accepted`, `unaccepted`, `tainted`, or `given` when no task made it.
    public var state: String
    /// `json`, `text`, `binary` or `reference`.
    public var form: String
    /// For example `text/markdown`.
    public var mediaType: String
    /// How many bytes the content has.
    public var size: Int64
    /// The SHA-256 of the content, in hexadecimal digits.
    public var sha256: String
    /// Where the content is, if not here.
    ///
    /// Others' words: whoever follows it decides whether to.
    public var reference: String?
    /// The agent that put it.
    public var producer: String?
    /// The epoch of the hold that put it.
    public var epoch: Int?
    /// The number of the contract version that it is made to.
    public var contractVersion: Int?
    /// When it was put.
    public var createdAt: Date

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        task = try row[1, as: TaskID?.self]
        plan = try row[2, as: String?.self]
        kind = try row[3, as: String.self]
        name = try row[4, as: String?.self]
        version = try row[5, as: Int.self]
        state = try row[6, as: String.self]
        form = try row[7, as: String.self]
        mediaType = try row[8, as: String.self]
        size = try row[9, as: Int64.self]
        sha256 = try row[10, as: String.self]
        reference = try row[11, as: String?.self]
        producer = try row[12, as: String?.self]
        epoch = try row[13, as: Int?.self]
        contractVersion = try row[14, as: Int?.self]
        createdAt = try row[15, as: Date.self]
    }
}

/// An artifact as it was read.
public struct Artifact: Sendable {
    /// All about it.
    public var info: ArtifactInfo
    /// The content, or the part that was asked for; `nil` for a reference.
    ///
    /// Others' words: data, not instructions.
    public var bytes: [UInt8]?

    /// The content as text; `nil` for a reference and for bytes that are no UTF-8.
    public var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }

    init(_ row: Row) throws(PostgresError) {
        info = try ArtifactInfo(row)
        bytes =
            if let text = try row[16, as: String?.self] { Array(text.utf8) } else {
                try row[17, as: Bytes?.self]?.bytes
            }
    }
}

/// Which artifact is meant.
public enum ArtifactKey: Sendable, Hashable {
    /// By its number.
    case id(Int64)
    /// The newest of a name, or one version of it, that a task made.
    case task(TaskID, String, version: Int? = nil)
    /// The newest of a name, or one version of it, in a plan, whichever task made it.
    ///
    /// Without a plan it is that of the reader's handle, or the swarm's.
    case plan(String?, String, version: Int? = nil)
}

/// Which artifacts are listed.
public struct ArtifactFilter: Sendable {
    /// Only of this task.
    public var task: TaskID?
    /// Only of this plan; `swarm` for those of none.
    public var plan: String?
    /// Only of this kind.
    public var kind: String?
    /// Only of this name.
    public var name: String?
    /// All versions, not only the newest of each name.
    public var allVersions: Bool
    /// Only accepted ones and those that were given.
    public var acceptedOnly: Bool
    /// Only with numbers below this: the last of the page before.
    public var before: Int64?

    /// A filter; everything without arguments.
    public init(
        task: TaskID? = nil, plan: String? = nil, kind: String? = nil, name: String? = nil, allVersions: Bool = false,
        acceptedOnly: Bool = false, before: Int64? = nil
    ) {
        self.task = task
        self.plan = plan
        self.kind = kind
        self.name = name
        self.allVersions = allVersions
        self.acceptedOnly = acceptedOnly
        self.before = before
    }
}
