public import FoundationEssentials
public import Postgres

extension Connection {
    /// Registers an agent and makes its credential.
    ///
    /// - Returns: The credential, which can't be read again.
    public func register(_ agent: AgentName, replaceCredential: Bool = false) throws(SwarmError) -> String {
        try row(AgentsSQL.register(agent, replaceCredential: replaceCredential)) {
            row throws(PostgresError) in
            try row[0, as: String.self]
        }
    }

    /// Registers an agent with its role, and makes its credential.
    ///
    /// Only people register. Whoever does it without being proven one is recorded as the agent's origin: the agents that
    /// it registered do not review one another.
    ///
    /// - Returns: The credential, which can't be read again.
    /// - Throws: `not_allowed`, `wrong_state` when the name is registered already or has another role,
    ///   `invalid_argument`.
    public func register(
        _ draft: AgentDraft, replaceCredential: Bool = false, agent: AgentName?, session: UUID? = nil
    ) throws(SwarmError) -> String {
        try row(
            AgentsSQL.register(draft, replaceCredential: replaceCredential, agent: agent, session: session)
        ) { row throws(PostgresError) in try row[0, as: String.self] }
    }

    /// Makes a child of the calling agent, a worker or reviewer as it is itself.
    ///
    /// - Parameter expires: How long its credential lasts; never longer than its parent's.
    /// - Returns: The credential, which can't be read again, and when it ends.
    public func mint(
        _ draft: AgentDraft, expires: Duration? = nil, agent: AgentName?, session: UUID?
    ) throws(SwarmError) -> (credential: String, expiresAt: Date?) {
        try row(AgentsSQL.mint(draft, expires: expires, agent: agent, session: session)) {
            row throws(PostgresError) in (try row[0, as: String.self], try row[1, as: Date?.self])
        }
    }

    /// Changes what is known of an agent.
    ///
    /// - Parameter settings: An object with `owner`, `model`, `capabilities`; `null` takes one back.
    /// - Returns: All of them.
    @discardableResult
    public func configure(
        agent name: AgentName, _ settings: JSONText, as agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> JSONText {
        try row(AgentsSQL.set(name, settings, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: JSONText.self]
        }
    }

    /// Retires an agent, and the children that it minted, for good: their names are not given again.
    public func retire(
        _ name: AgentName, successor: AgentName? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) {
        _ = try rows(AgentsSQL.retire(name, successor: successor, agent: agent, session: session)) { _ in () }
    }

    /// Tells all of an agent's sessions to finish what they hold and claim nothing more, or takes that back.
    ///
    /// - Returns: How many live sessions that concerns.
    @discardableResult
    public func drain(_ agent: AgentName, on: Bool = true) throws(SwarmError) -> Int {
        try row(AgentsSQL.drain(agent, on: on)) { row throws(PostgresError) in try row[0, as: Int.self] }
    }

    /// Says whether agents may introduce themselves without having been registered.
    public func setRegistration(open: Bool) throws(SwarmError) {
        _ = try rows(AgentsSQL.setRegistration(open: open)) { _ in () }
    }

    /// All agents.
    public func agents() throws(SwarmError) -> [AgentInfo] {
        try rows(AgentsSQL.list) { row throws(PostgresError) in try AgentInfo(row) }
    }
}
