public import Postgres

/// Something made, to be kept for good.
public struct ArtifactDraft: Sendable {
    /// What an artifact consists of.
    public enum Content: Sendable {
        /// The bytes themselves.
        case bytes([UInt8])
        /// Where they are: `git:<commit>:<path>`, `file:<path>`, or an address with `https`, `s3`, `gs` or `oci`.
        ///
        /// The hash is the SHA-256 of what is meant, in 64 hexadecimal digits. Nothing is fetched.
        case reference(String, sha256: String, size: Int64)
    }

    /// `code`, `document`, `data`, `report`, `log`, `diff` or another word.
    public var kind: String
    /// What it consists of.
    public var content: Content
    /// By which it is found again; other content under the same name is the next version.
    public var name: String?
    /// What it is; texts and JSON are checked to be that.
    ///
    /// Default: `application/octet-stream`.
    public var mediaType: String?
    /// The hash that the bytes must have, if their maker knows it.
    public var sha256: String?
    /// The contract version that it is made to, as `name@version`; its task produces it.
    public var contract: String?
    /// The plan that it is for, when no task is held; `nil`: the swarm's, or that of the task.
    public var plan: String?
    /// The hold that made it.
    public var handle: Handle?

    /// A draft.
    public init(
        _ kind: String, _ content: Content, name: String? = nil, mediaType: String? = nil, sha256: String? = nil,
        contract: String? = nil, plan: String? = nil, handle: Handle? = nil
    ) {
        self.kind = kind
        self.content = content
        self.name = name
        self.mediaType = mediaType
        self.sha256 = sha256
        self.contract = contract
        self.plan = plan
        self.handle = handle
    }

    /// A draft of a text.
    public init(
        _ kind: String, text: String, name: String? = nil, mediaType: String = "text/plain", handle: Handle? = nil
    ) {
        self.init(kind, .bytes(Array(text.utf8)), name: name, mediaType: mediaType, handle: handle)
    }

    /// A draft of a JSON value.
    public init(_ kind: String, json: JSONText, name: String? = nil, handle: Handle? = nil) {
        self.init(kind, .bytes(Array(json.text.utf8)), name: name, mediaType: "application/json", handle: handle)
    }
}

/// What a put answers.
public struct ArtifactReceipt: Sendable, Equatable {
    /// The number of the artifact.
    public var id: Int64
    /// False when this hold had just put the same.
    public var isNew: Bool
    /// Its version among those of the same name, from 1.
    public var version: Int
    /// The SHA-256 of the content, in hexadecimal digits.
    public var sha256: String
    /// How many bytes the content has.
    public var size: Int64

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        isNew = try row[1, as: Bool.self]
        version = try row[2, as: Int.self]
        sha256 = try row[3, as: String.self]
        size = try row[4, as: Int64.self]
    }
}
