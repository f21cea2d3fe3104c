internal import Synchronization

/// A number of connections that are lent to whoever needs one.
///
/// ```swift
/// let pool = ConnectionPool(try ConnectionOptions(url: url))
/// let names = try await pool.withConnection { db in
///     try db.query("SELECT name FROM person").map { row throws in try row[0, as: String.self] }
/// }
/// ```
///
/// Connections are made when they are needed, and lent in the order of asking. One that the server has
/// left is replaced before it is lent. One that comes back inside a transaction is rolled back.
public final class ConnectionPool: Sendable {
    /// How many connections there may be, and for how long.
    public struct Configuration: Sendable {
        /// The greatest number of connections at one time.
        public var maximum: Int
        /// How long to wait for a connection to become free, and then for a new one to be made.
        public var acquireTimeout: Duration
        /// How long a connection may be idle before it is closed.
        public var idleTimeout: Duration
        /// How long a connection may live; each lives up to a tenth less, so that they don't end together.
        public var maximumLifetime: Duration

        /// A configuration for a process with a moderate load.
        public init(
            maximum: Int = 4, acquireTimeout: Duration = .seconds(30), idleTimeout: Duration = .seconds(60),
            maximumLifetime: Duration = .seconds(3600)
        ) {
            self.maximum = maximum
            self.acquireTimeout = acquireTimeout
            self.idleTimeout = idleTimeout
            self.maximumLifetime = maximumLifetime
        }
    }

    let options: ConnectionOptions
    let configuration: Configuration
    // A lock and no actor: a connection is handed on from its own thread, in the moment in which it
    // becomes free, and not when the pool of Swift's threads finds time.
    let state: Mutex<PoolState>

    /// A pool; nothing is connected yet.
    public init(_ options: ConnectionOptions, configuration: Configuration = Configuration()) {
        self.options = options
        self.configuration = configuration
        state = Mutex(PoolState(maximum: configuration.maximum))
    }

    /// How many wait for a connection at this moment.
    public var waiting: Int {
        state.withLock { $0.line.count }
    }

    /// Lends a connection to `body`.
    ///
    /// Cancelling the Swift task ends the wait for a connection, cancels the statement that runs, and
    /// refuses further ones.
    ///
    /// - Parameters:
    ///   - deadline: For the wait and for every statement of `body`; see ``Connection/deadline``.
    ///   - body: Runs on the connection's thread; synchronous, so nothing comes between its statements.
    /// - Throws: What `body` throws; ``PostgresError/poolTimeout``, ``PostgresError/poolClosed``,
    ///   ``PostgresError/cancelled``, ``PostgresError/deadlineExceeded``, or why no connection could be made.
    public func withConnection<T: Sendable>(
        deadline: ContinuousClock.Instant? = nil,
        _ body: @Sendable (isolated Connection) throws -> T
    ) async throws -> T {
        let limit = ContinuousClock.now + configuration.acquireTimeout
        try await acquire(until: limit, deadline: deadline)
        while true {
            let (connection, expiry) = try await checkOut(until: limit, deadline: deadline)
            let answer: T? = try await connection.run(deadline: deadline) { db in
                // The server may have left an idle connection; then the next is tried.
                guard db.isUsable else { return nil }
                defer { self.checkIn(db, expiry: expiry) }
                return try body(db)
            }
            if let answer { return answer }
            state.withLock { $0.forget(connection) }
        }
    }

    /// An idle connection or a new one, for who holds a permit; without one, the permit is given back.
    private func checkOut(
        until limit: ContinuousClock.Instant, deadline: ContinuousClock.Instant?
    ) async throws(PostgresError) -> (Connection, expiry: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let (found, stale) = state.withLock { state -> (PoolState.Idle?, [PoolState.Idle]) in
            let stale = state.takeStale(now: now, idleTimeout: configuration.idleTimeout)
            let found = state.takeIdle()
            if let found { state.lend(found.connection) }
            return (found, stale)
        }
        withExtendedLifetime(stale) {}
        if let found { return (found.connection, found.expiry) }
        do throws(PostgresError) {
            let connection = try await Connection.connect(options, deadline: min(limit, deadline ?? limit))
            state.withLock { $0.lend(connection) }
            return (connection, now + configuration.maximumLifetime * Double.random(in: 0.9...1))
        } catch {
            giveBack(nil, keeping: nil)
            // The wait for a connection ended, not the time of the caller's statement.
            if case .deadlineExceeded = error, deadline.map({ $0 > .now }) ?? true { throw .poolTimeout }
            throw error
        }
    }

    /// Takes a connection back; on its own thread, so that the next in line has it at once.
    private func checkIn(_ connection: isolated Connection, expiry: ContinuousClock.Instant) {
        connection.recover()
        let now = ContinuousClock.now
        if connection.isOpen && expiry > now {
            giveBack(connection, keeping: PoolState.Idle(connection: connection, since: now, expiry: expiry))
            if state.withLock({ $0.isClosed }) { connection.close() }
        } else {
            connection.close()
            giveBack(connection, keeping: nil)
        }
    }

    private func giveBack(_ connection: Connection?, keeping kept: PoolState.Idle?) {
        let (waiters, verdict) = state.withLock { $0.giveBack(connection, keeping: kept) }
        for waiter in waiters { waiter.resume(returning: verdict) }
    }
}

extension Connection {
    /// Whether the server is still there, as far as the operating system knows.
    fileprivate var isUsable: Bool {
        do throws(PostgresError) {
            try checkAlive()
            return true
        } catch {
            return false
        }
    }

    /// Makes the connection fit for the next user, or closes it.
    fileprivate func recover() {
        rollback()
        _ = takeNotifications()
    }
}
