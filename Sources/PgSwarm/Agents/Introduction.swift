/// How an agent introduces itself when it opens a session.
public struct Introduction: Sendable {
    /// Who it is.
    public var agent: AgentName
    /// What keeps the session alive.
    public var kind: Session.Kind
    /// The agent's secret, if it is registered with one.
    public var credential: String?
    /// How long the session lives without a beat; the database's default for the kind when absent.
    public var ttl: Duration?
    /// Where it runs, for people.
    public var host: String?
    /// Its process there, for people.
    public var processID: Int32?
    /// The program and its version, for people.
    public var client: String?
    /// Whether to end all earlier sessions of the agent.
    public var takeOver: Bool

    /// Introduces an agent.
    public init(agent: AgentName, kind: Session.Kind = .runtime, credential: String? = nil) {
        self.agent = agent
        self.kind = kind
        self.credential = credential
        takeOver = false
    }
}
