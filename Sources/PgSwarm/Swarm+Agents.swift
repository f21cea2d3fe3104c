public import FoundationEssentials
public import Postgres

extension Swarm {
    /// The role that this swarm works in; `nil` when only the database knows.
    ///
    /// A coordinator's for a coordinator's session, else the configured one, or that of the credential.
    var role: AgentRole? {
        if configuration.sessionKind == .coordinator { return .coordinator }
        return configuration.role ?? configuration.credential.flatMap { AgentRole(credential: $0) }
    }

    /// Refuses what is not the role's, before anything is sent.
    func check(_ duty: Duty) throws(SwarmError) {
        try role?.check(duty, of: configuration.agent)
    }

    /// Registers an agent and makes its credential.
    ///
    /// - Returns: The credential, which can't be read again.
    /// - Throws: `not_allowed` unless a person calls, `wrong_state`, `invalid_argument`.
    public func register(
        _ draft: AgentDraft, replaceCredential: Bool = false
    ) async throws(SwarmError) -> String {
        let author = try await author()
        return try await write("register_agent", repeatable: replaceCredential) { db throws(SwarmError) in
            try db.register(
                draft, replaceCredential: replaceCredential, agent: author.agent, session: author.session)
        }
    }

    /// Registers an agent and makes its credential: a worker, unless it has a role.
    ///
    /// - Returns: The credential, which can't be read again.
    public func register(
        _ agent: AgentName, replaceCredential: Bool = false
    ) async throws(SwarmError) -> String {
        try await register(AgentDraft(agent), replaceCredential: replaceCredential)
    }

    /// Makes a child of this swarm's agent, a worker or reviewer as it is itself.
    ///
    /// - Parameter expires: How long its credential lasts; never longer than its parent's.
    /// - Returns: The credential, which can't be read again, and when it ends.
    public func mint(
        _ draft: AgentDraft, expires: Duration? = nil
    ) async throws(SwarmError) -> (credential: String, expiresAt: Date?) {
        let author = try await author()
        return try await write("mint_agent", repeatable: false) { db throws(SwarmError) in
            try db.mint(draft, expires: expires, agent: author.agent, session: author.session)
        }
    }

    /// Changes what is known of an agent: an object with `owner`, `model`, `capabilities`.
    ///
    /// - Returns: All of them.
    @discardableResult
    public func configure(agent name: AgentName, _ settings: JSONText) async throws(SwarmError) -> JSONText {
        let author = try await author()
        return try await write("set_agent") { db throws(SwarmError) in
            try db.configure(agent: name, settings, as: author.agent, session: author.session)
        }
    }

    /// Retires an agent, and the children that it minted, for good: their names are not given again.
    public func retire(_ agent: AgentName, successor: AgentName? = nil) async throws(SwarmError) {
        let author = try await author()
        try await write("retire_agent") { db throws(SwarmError) in
            try db.retire(agent, successor: successor, agent: author.agent, session: author.session)
        }
    }
}
