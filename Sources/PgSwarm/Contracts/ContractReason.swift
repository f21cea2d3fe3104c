/// Why two versions do not go together, or where a value breaks a contract.
public struct ContractReason: Sendable, Decodable, Hashable {
    /// The place in the value, as a JSON Pointer; empty: the value itself.
    public var path: String
    /// What must be so there.
    public var message: String
    /// `backward` or `forward`, where versions are compared.
    public var direction: String?

    /// The place and what must be so there.
    public var text: String { "\(path.isEmpty ? "it" : path) \(message)" }
}

/// What a change of a contract does, or would do, to a task that pins it.
public struct ContractReach: Sendable, Decodable, Hashable {
    /// The task.
    public var task: String
    /// `produces` or `consumes`.
    public var role: String
    /// What it pins.
    public var pin: String
    /// Its state before.
    public var state: String
    /// `hold`, `signal`, `taint` or `none`.
    public var effect: String
    /// Its plan.
    public var plan: String?
}
