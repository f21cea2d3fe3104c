public import FoundationEssentials

/// On whose behalf a task is created.
public struct EnqueueAuthor: Sendable, Hashable {
    /// The agent, by name; the database's user when neither it nor the session is given.
    public var agent: AgentName?
    /// The agent's session, for agents with a credential.
    public var session: UUID?
    /// The handle under whose fence the task is created: refused when that was superseded.
    public var parent: Handle?

    /// Names an author.
    public init(agent: AgentName? = nil, session: UUID? = nil, parent: Handle? = nil) {
        self.agent = agent
        self.session = session
        self.parent = parent
    }
}
