internal import FoundationEssentials
public import Logging
public import Postgres

/// The door to a swarm: every verb of the protocol as a function.
///
/// ```swift
/// let swarm = Swarm(try ConnectionOptions(url: "postgresql:///swarm"))
/// let receipt = try await swarm.enqueue(TaskDraft(queue: "letters", Letter(to: "Ada")))
/// for task in try await swarm.claim(["letters"], wait: .seconds(10)) {
///     try await swarm.complete(task.handle, result: Sent(at: .now))
/// }
/// await swarm.close()
/// ```
///
/// Single calls that arrive while earlier ones are under way leave together in one array call, so a thousand Swift
/// tasks that each claim and complete one task at a time are served nearly as fast as one that does it in bulk.
///
/// Connections are made when they are needed and made again when they break. A call that the trouble interrupted is
/// repeated while that is harmless; otherwise it throws `outcome_unknown`.
///
/// A long-lived program also runs ``run()``, which keeps its session alive; a short one needs only the verbs.
public final class Swarm: Sendable {
    /// How this swarm introduces itself and behaves.
    public let configuration: SwarmConfiguration
    /// Where the library writes what an operator may want to know.
    public let logger: Logger

    /// How to connect, with the plans that suit claims.
    let options: ConnectionOptions
    let pool: ConnectionPool
    let caller: Caller
    let metrics: SwarmMetrics
    let sessions: SessionKeeper
    let calls: ClaimCalls
    let bell: Bell
    let wakeUps: WakeUps
    let enqueues: EnqueueGroup
    let turns: TurnGroup
    let renewals: RenewalGroup
    let registrations: RegistrationGroup

    /// Creates a swarm; nothing is connected yet.
    public init(_ options: ConnectionOptions, configuration: SwarmConfiguration = SwarmConfiguration()) {
        var logger = configuration.logger
        logger[metadataKey: "agent"] = "\(configuration.agent)"
        let metrics = SwarmMetrics(factory: configuration.metricsFactory)
        let plannedOptions = options.plannedForClaims
        let pool = ConnectionPool(
            plannedOptions,
            configuration: .init(
                maximum: configuration.connections, acquireTimeout: configuration.callTimeout))
        let caller = Caller(
            pool: pool, callTimeout: configuration.callTimeout,
            reconnectWindow: configuration.reconnectWindow,
            metrics: metrics, logger: logger)
        let sessions = SessionKeeper(
            caller: caller, introduction: Introduction(configuration), kind: configuration.sessionKind,
            joining: configuration.joining)
        let calls = ClaimCalls(caller: caller, sessions: sessions, ledger: ClaimLedger())
        let limits = GroupLimits(slots: configuration.groupedCalls, count: configuration.maximumGroup)

        self.configuration = configuration
        self.logger = logger
        self.options = plannedOptions
        self.pool = pool
        self.caller = caller
        self.metrics = metrics
        self.sessions = sessions
        self.calls = calls
        bell = Bell(logger: logger) { queues throws(SwarmError) in
            try await caller.call("ring", repeatable: true) { db throws(SwarmError) in
                _ = try db.ring(queues)
            }
        }
        wakeUps = WakeUps(options, logger: logger)
        enqueues = .enqueues(caller: caller, limits: limits)
        turns = .turns(calls, limits: limits)
        renewals = .renewals(calls, limits: limits)
        registrations = .registrations(caller: caller, sessions: sessions)
    }

    /// The session under which this swarm claims; opened by the first call that needs it.
    ///
    /// Claim for it with this swarm alone: after a lost answer the swarm takes whatever else the session holds for
    /// what it was granted.
    ///
    /// - Throws: `unknown_agent`, `bad_credential`, `unreachable`, …
    public func session() async throws(SwarmError) -> Session {
        try await sessions.open()
    }

    /// Lends a connection for the caller's own statements and transactions.
    ///
    /// ```swift
    /// try await swarm.withConnection { db in
    ///     try db.transaction { db in
    ///         try db.execute("UPDATE account SET total = total - \(amount) WHERE id = \(id)")
    ///         try db.enqueue(TaskDraft(queue: "receipts", Receipt(account: id)))
    ///     }
    /// }
    /// ```
    ///
    /// Nothing is repeated, because only the caller knows what that would do.
    ///
    /// - Parameters:
    ///   - deadline: For the wait for a connection and for every statement.
    ///   - body: Synchronous, so that no transaction stays open while something else is awaited.
    public func withConnection<Answer: Sendable>(
        deadline: ContinuousClock.Instant? = nil,
        _ body: @Sendable (isolated Connection) throws -> Answer
    ) async throws -> Answer {
        try await pool.withConnection(deadline: deadline, body)
    }

    /// Wakes the workers that wait for these queues: for callers that enqueued in a transaction of their own.
    ///
    /// Returns at once. Without it the workers find the task at their next poll, within a second.
    public func ring(_ queues: [QueueName]) {
        bell.ring(queues)
    }

    /// Lets go of all connections, after the last waiting workers have been rung.
    ///
    /// - Parameter endingSession: Whether to end the session too, which hands back what it still holds. A program whose
    ///   claims shall outlive it, like a command line, leaves it open.
    public func close(endingSession: Bool = false) async {
        await bell.finish()
        wakeUps.close()
        if endingSession { await endSession() }
        await pool.close()
    }

    /// Ends the session; its failure only means that the leases run out by themselves.
    func endSession() async {
        do throws(SwarmError) {
            try await sessions.close(note: nil)
        } catch {
            logger.info("the session was not ended; its leases will run out", metadata: ["error": "\(error)"])
        }
    }
}

extension ConnectionOptions {
    /// Plans that suit tables which are nearly empty at one moment and full at the next: never a scan of the table,
    /// one plan for a statement whatever its parameters, no compilation for what takes a millisecond.
    fileprivate var plannedForClaims: ConnectionOptions {
        var options = self
        let settings = ["enable_seqscan": "off", "jit": "off", "plan_cache_mode": "force_generic_plan"]
        options.settings.merge(settings) { given, _ in given }
        return options
    }
}

extension Introduction {
    /// Introduces the agent of a swarm.
    init(_ configuration: SwarmConfiguration) {
        self.init(agent: configuration.agent, credential: configuration.credential)
        ttl = configuration.sessionTTL
        host = ProcessInfo.processInfo.hostName
        processID = ProcessInfo.processInfo.processIdentifier
        client = configuration.client
        takeOver = configuration.takesOver
    }
}
