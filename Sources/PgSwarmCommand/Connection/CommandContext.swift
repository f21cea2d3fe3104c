import FoundationEssentials
import Logging
import PgSwarm
import Postgres

/// What a command works with: where to print, who is calling, and the way to the database.
struct CommandContext: Sendable {
    let console: Console
    /// True when programs read the output.
    let json: Bool
    private let database: String?
    private let agent: String?
    private let credentialFile: String?
    private let givenRole: AgentRole?

    init(_ options: CommonOptions, console: Console = .standard()) {
        self.console = console
        json = options.json
        database = options.database
        agent = options.agent
        credentialFile = options.credentialFile
        givenRole = options.role
    }

    /// What the caller is for, as far as is known here: as told, or as its credential says.
    func role() throws -> AgentRole? {
        if let givenRole { return givenRole }
        if let text = Environment.value("PGSWARM_ROLE") {
            guard let role = AgentRole(argument: text) else {
                throw CommandFailure.usage(
                    "PGSWARM_ROLE is '\(text.printable)', which is no role",
                    hint: "It is \(AgentRole.allValueStrings.joined(separator: ", ")).")
            }
            return role
        }
        // A surrounding session may be another agent's than the one whose credential lies here.
        if agent == nil, Environment.value("PGSWARM_SESSION") != nil { return nil }
        return try identity().credential.flatMap { AgentRole(credential: $0) }
    }

    /// Refuses what is not the caller's to do, without asking the database.
    func check(_ duty: Duty) throws {
        try role()?.check(duty, of: try identity().agent)
    }

    /// How to reach the database.
    func address() throws -> ConnectionOptions {
        try DatabaseAddress.resolve(database)
    }

    /// Who is calling.
    func identity() throws -> Identity {
        try Identity.resolve(agent: agent, credentialFile: credentialFile)
    }

    /// One connection, which is all that a single call needs.
    ///
    /// - Parameter limit: How long everything on it may take, `nil` for ever; a call that hangs is worse than one that
    ///   fails.
    /// - Parameter anySchema: True for migrations, which look at the schema themselves.
    func connect(limit: Duration? = .seconds(60), anySchema: Bool = false) async throws -> Connection {
        var options = try address()
        // Each statement is sent once, so preparing it would only cost a round trip.
        options.statementCache = false
        let deadline = limit.map { ContinuousClock.now + $0 }
        let connection = try await Connection.connect(options, deadline: deadline)
        if let deadline { await connection.expire(at: deadline) }
        if !anySchema { try await connection.refuseNewerSchema() }
        return connection
    }

    /// Makes sure, before a command begins to work for long, that the database is there and fits this program.
    func checkSchema() async throws {
        let connection = try await connect(anySchema: true)
        try await connection.checkSchema()
        await connection.close()
    }

    /// A swarm for a command that works for long, under the agent's name.
    ///
    /// - Parameter repeats: False when the command itself repeats what an outage has interrupted.
    func swarm(
        at address: ConnectionOptions, kind: Session.Kind, logger: Logger, repeats: Bool = true
    ) throws -> Swarm {
        let identity = try identity()
        var configuration = SwarmConfiguration(logger: logger)
        configuration.agent = identity.agent
        configuration.credential = identity.credential
        configuration.role = try role()
        configuration.sessionKind = kind
        if !repeats { configuration.reconnectWindow = .zero }
        if agent == nil { configuration.joining = try Caller.surroundingSession() }
        return Swarm(address, configuration: configuration)
    }

    /// A swarm that claims nothing and only looks, on a connection of its own that is made when it is first needed.
    func lookout(at address: ConnectionOptions, logger: Logger) throws -> Swarm {
        var configuration = SwarmConfiguration(logger: logger)
        configuration.agent = try identity().agent
        configuration.connections = 1
        configuration.callTimeout = .seconds(5)
        return Swarm(address, configuration: configuration)
    }

    /// What children should connect to: the URL that was named, or the embedded server's.
    ///
    /// `nil` when libpq's own environment says it, which they inherit.
    func databaseURL() throws -> String? {
        try DatabaseAddress.url(database)
    }

    /// What lets the calls of children be made by the same agent.
    func identityForChildren() throws -> [String: String] {
        var variables = ["PGSWARM_AGENT": try identity().agent.rawValue]
        // Their working folder may be another one.
        if let credentialFile { variables["PGSWARM_CREDENTIAL_FILE"] = URL(filePath: credentialFile).path }
        if let givenRole { variables["PGSWARM_ROLE"] = givenRole.rawValue }
        return variables
    }

    /// On whose behalf the calls on a connection are made.
    ///
    /// Inside `pgswarm run` that is the surrounding session, unless another agent is named. An agent with a credential
    /// shows it once, for its bare session; any other is known by its name, which costs no call.
    func caller(on connection: Connection) async throws -> Caller {
        if agent == nil, let token = try Caller.surroundingSession() {
            return Caller(agent: nil, session: token)
        }
        let identity = try identity()
        guard let credential = identity.credential else { return Caller(agent: identity.agent, session: nil) }
        let introduction = Introduction(agent: identity.agent, kind: .bare, credential: credential)
        return Caller(agent: nil, session: try await connection.openSession(introduction).token)
    }
}

/// Who makes a call: an agent by its name, or a session by its token.
struct Caller: Sendable {
    /// The name of an agent that has no session of its own.
    let agent: AgentName?
    /// The token of the session that calls; then ``agent`` is `nil`.
    let session: UUID?

    /// As the author of tasks.
    func author(of parent: Handle? = nil) -> EnqueueAuthor {
        EnqueueAuthor(agent: agent, session: session, parent: parent)
    }

    /// The session that `pgswarm run` keeps for its children.
    static func surroundingSession() throws -> UUID? {
        guard let text = Environment.value("PGSWARM_SESSION") else { return nil }
        guard let token = UUID(uuidString: text) else {
            throw CommandFailure.usage(
                "PGSWARM_SESSION is not a session's token",
                hint: "Leave it as 'pgswarm run' set it, or unset it.")
        }
        return token
    }
}

extension Connection {
    /// Lets nothing on this connection go on beyond a moment.
    func expire(at deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }
}
