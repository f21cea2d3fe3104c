internal import CLibPQ
internal import Synchronization

/// A session with a PostgreSQL server.
///
/// Every connection is an actor on a thread of its own, and its methods are synchronous: inside its
/// isolation a transaction is a plain sequence of calls, without `await`, so nothing else can get in
/// between and no transaction stays open while the program does something else.
///
/// ```swift
/// let connection = try await Connection.connect(ConnectionOptions(url: url))
/// let total = try await connection.run { db in
///     try db.transaction { db in
///         try db.execute("UPDATE account SET total = total + \(amount) WHERE id = \(id)")
///         return try db.query("SELECT total FROM account WHERE id = \(id)")[0][0, as: Int.self]
///     }
/// }
/// ```
///
/// Most programs take their connections from a ``ConnectionPool``. A connection that is lost stays
/// lost: every further call throws ``PostgresError/connectionLost(_:)``.
public actor Connection {
    nonisolated let thread: ConnectionThread
    nonisolated let interruption: Interruption
    private nonisolated let serverProcess = Atomic<Int32>(0)

    /// Nil before the connection is made and after it is closed or lost.
    var link: Link?
    var statements: StatementCache
    /// Why there is no link.
    var lossReason = "the connection is closed"
    /// When the server last answered.
    var lastAnswer = ContinuousClock.now

    /// The moment at which a statement that still runs is cancelled and a further one is refused.
    ///
    /// Applies to every following statement; nil waits as long as the server is there. A commit that
    /// was sent is never cancelled.
    public var deadline: ContinuousClock.Instant?

    init(thread: ConnectionThread, statementCache: Bool) {
        self.thread = thread
        interruption = Interruption(wakeup: thread.wakeup)
        statements = StatementCache(isEnabled: statementCache)
    }

    deinit {
        thread.retire()
    }

    /// The connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    /// The process of the server that serves this session, as in `pg_stat_activity.pid`.
    public nonisolated var processID: Int32 {
        serverProcess.load(ordering: .relaxed)
    }

    /// Whether the session is there, as far as is known without asking the server.
    public var isOpen: Bool {
        link.map { !$0.isBroken } ?? false
    }

    /// Whether a transaction block is open.
    public var isInTransaction: Bool {
        link.map { !$0.isIdle } ?? false
    }

    /// A setting that the server reports by itself, such as `server_version` or `TimeZone`.
    public func parameterStatus(_ name: String) -> String? {
        guard let link, let value = PQparameterStatus(link.pointer, name) else { return nil }
        return String(cString: value)
    }

    /// Cancels the statement that runs at this moment, if one does; never a later one, never a commit.
    ///
    /// The statement throws ``PostgresError/cancelled``, or returns normally if it was done before
    /// the request reached the server.
    public nonisolated func cancel() {
        interruption.cancelStatement()
    }

    /// Ends the session; an open transaction is rolled back.
    ///
    /// Does nothing if it has ended already.
    public func close() {
        disconnect("the connection is closed")
    }

    /// Lets go of the session, and of the thread once this job is done.
    func disconnect(_ reason: String) {
        if link != nil { lossReason = reason }
        link = nil
        thread.retire()
    }

    func adopt(_ link: Link) {
        self.link = link
        let process = PQbackendPID(link.pointer)
        serverProcess.store(process, ordering: .relaxed)
        // So that a debugger's list of threads can be matched with pg_stat_activity.
        name_this_thread("pg \(process)")
    }
}
