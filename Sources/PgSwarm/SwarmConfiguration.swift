public import FoundationEssentials
public import Logging
public import Metrics
public import Tracing

/// How a ``Swarm`` introduces itself and how it behaves.
///
/// The defaults suit a program of any size.
public struct SwarmConfiguration: Sendable {
    /// Who works here.
    public var agent: AgentName = .current
    /// The agent's secret, if it is registered with one.
    public var credential: String?
    /// What the agent is for, so that calls that are not its to make are refused before they are sent.
    ///
    /// Read from the credential when absent. The database decides by what it knows itself.
    public var role: AgentRole?
    /// What keeps the session alive; when absent, a `runtime` session while ``Swarm/run()`` is active, otherwise the
    /// `bare` one that all calls of the agent share.
    public var sessionKind: Session.Kind?
    /// The token of a session that another process opened and keeps alive: this swarm works under it, and neither
    /// opens, beats nor ends one.
    public var joining: UUID?
    /// How long the session lives without a beat; the database's default when absent.
    public var sessionTTL: Duration?
    /// Whether opening the session ends all earlier ones of the agent.
    public var takesOver = false
    /// The program and its version, for people who look at the sessions.
    public var client: String? = "pgswarm/\(Swarm.version)"

    /// How many connections there may be; one more listens when somebody waits for work.
    public var connections = 4
    /// How many grouped calls of a kind may be under way at the same time.
    ///
    /// Two are best: the commit of one overlaps the work of the other, and more skip each other's locked
    /// rows.
    public var groupedCalls = 2
    /// How many single calls one grouped call may carry.
    public var maximumGroup = 500

    /// How long one call may take, repetitions included.
    public var callTimeout: Duration = .seconds(30)
    /// How long a call is repeated while the database can't be reached; `.zero` reports it at once.
    public var reconnectWindow: Duration = .seconds(10)
    /// How long a waiting claim sleeps at most before it looks by itself, should a notification get lost.
    public var pollInterval: Duration = .seconds(1)

    /// Where the library writes what an operator may want to know.
    public var logger: Logger
    /// Where counters and timers go; the process's own system when absent.
    public var metricsFactory: (any MetricsFactory)?
    /// Where spans go; the process's own system when absent.
    public var tracer: (any Tracer)?

    /// Creates a configuration with the defaults.
    public init(logger: Logger = Logger(label: "pgswarm")) {
        self.logger = logger
    }
}
