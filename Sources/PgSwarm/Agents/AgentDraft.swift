/// An agent that is about to be registered.
public struct AgentDraft: Sendable, Hashable {
    /// Its lasting name.
    public var name: AgentName
    /// What it is for, for good; when absent the role that it has, or a worker's.
    public var role: AgentRole?
    /// Who answers for it.
    public var owner: String?
    /// What it runs on: `family/version`.
    public var model: String?
    /// What it can do, for tasks that ask for that.
    public var capabilities: [String]

    /// Describes an agent.
    public init(
        _ name: AgentName, role: AgentRole? = nil, owner: String? = nil, model: String? = nil,
        capabilities: [String] = []
    ) {
        self.name = name
        self.role = role
        self.owner = owner
        self.model = model
        self.capabilities = capabilities
    }
}
