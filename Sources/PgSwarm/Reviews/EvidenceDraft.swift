public import Postgres

/// Something that speaks for a result, or against it.
public struct EvidenceDraft: Sendable {
    /// Who vouches for it.
    public enum Tier: Int, Sendable, CaseIterable, Comparable {
        /// A statement.
        case statement = 0
        /// The agent's own report.
        case reported = 1
        /// Captured by the runtime that holds the task, with an exit status.
        case captured = 2
        /// Run again by a reviewer.
        case repeated = 3
        /// A person's.
        case human = 4

        /// Whether a tier is lower than another.
        public static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
    }

    /// Who vouches for it.
    public var tier: Tier
    /// What it is, in a word, such as `tests`.
    public var kind: String
    /// What was run and what came out.
    public var body: JSONText?
    /// The exit status of what was run; anything but 0 speaks against the result.
    public var exitStatus: Int?
    /// The hash of the artifact that it is about, if it is about one alone.
    public var artifact: String?

    /// Describes evidence.
    public init(
        _ tier: Tier, kind: String, body: JSONText? = nil, exitStatus: Int? = nil, artifact: String? = nil
    ) {
        self.tier = tier
        self.kind = kind
        self.body = body
        self.exitStatus = exitStatus
        self.artifact = artifact
    }

    /// The evidence as a verdict carries it.
    var json: JSONText {
        var object = JSONObjectText()
        object.add("tier", tier.rawValue)
        object.add("kind", kind)
        object.add("body", raw: body)
        object.add("exit_status", exitStatus)
        object.add("artifact", artifact)
        return object.text
    }
}
