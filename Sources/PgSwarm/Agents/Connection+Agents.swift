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

    /// Retires an agent for good: its name is not given again.
    public func retire(_ agent: AgentName, successor: AgentName? = nil) throws(SwarmError) {
        _ = try rows(AgentsSQL.retire(agent, successor: successor)) { _ in () }
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
