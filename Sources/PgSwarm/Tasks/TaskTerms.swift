public import Postgres

/// What is agreed for a task before anybody works on it: its holder and its reviewers read it, the database keeps to it.
///
/// A task with terms is governed: what it brings can be checked, reviewed and taken back.
public struct TaskTerms: Sendable {
    /// What is to be reached.
    public var goal: String?
    /// When it counts as done, a sentence each.
    public var criteria: [String] = []
    /// How large it is: `xs`, `s`, `m`, `l` or `xl`.
    public var size: String?
    /// The paths it may touch, as globs.
    public var paths: [String] = []
    /// The contract that its result keeps to, for example `api@1.2.0`.
    public var produces: [String] = []
    /// The contracts that it relies on.
    public var consumes: [String] = []
    /// Where its review differs from its queue's: `"none"`, `"peers"`, `"human"` or an object.
    public var review: JSONText?
    /// What it will use up at most, for example `{"tokens": 20000}`.
    public var estimate: JSONText?
    /// What its claimer must be able to do.
    public var capabilities: [String] = []
    /// The agents that may claim it first.
    public var prefer: [String] = []
    /// For how long only they may.
    public var preferFor: Duration?
    /// How many agents do it apart, and how many of them must agree.
    public var redundancy: JSONText?

    /// Terms without content.
    public init() {}

    func add(to object: inout JSONObjectText) {
        object.add("goal", goal)
        object.add("criteria", list: criteria.map(JSONObjectText.quoted))
        object.add("size", size)
        object.add("paths", list: paths.map(JSONObjectText.quoted))
        object.add("produces", list: produces.map(JSONObjectText.quoted))
        object.add("consumes", list: consumes.map(JSONObjectText.quoted))
        object.add("review", raw: review)
        object.add("estimate", raw: estimate)
        object.add("capabilities", list: capabilities.map(JSONObjectText.quoted))
        object.add("prefer", list: prefer.map(JSONObjectText.quoted))
        object.add("prefer_for", preferFor)
        object.add("redundancy", raw: redundancy)
    }
}
