/// Who has the pool's connections and who waits for one: the rules, without the waiting.
///
/// A permit is the right to have one of the `maximum` connections. Who holds a permit takes an idle
/// connection or makes one; a failed attempt gives the permit to the next in line, so nobody is
/// stranded by it.
struct PoolState {
    /// How a wait ends.
    enum Verdict: Sendable {
        case admitted
        case timedOut
        case cancelled
        case closed
    }

    /// A connection that nobody uses.
    struct Idle {
        let connection: Connection
        let since: ContinuousClock.Instant
        /// When it has lived long enough.
        let expiry: ContinuousClock.Instant
    }

    typealias Waiter = CheckedContinuation<Verdict, Never>

    let maximum: Int
    private(set) var permits = 0
    private(set) var isClosed = false
    private(set) var line = WaitingLine<Waiter>()
    /// The last used is used next, so that those beyond the need grow old.
    private(set) var idle: [Idle] = []
    private(set) var lent: [ObjectIdentifier: Connection] = [:]
    /// Those who wait in `close()` for the last permit.
    private var leaving = WaitingLine<Waiter>()

    init(maximum: Int) {
        self.maximum = max(1, maximum)
    }

    /// Takes a permit if that is possible without waiting.
    mutating func admit() -> Verdict? {
        if isClosed { return .closed }
        guard permits < maximum, line.isEmpty else { return nil }
        permits += 1
        return .admitted
    }

    mutating func takeTicket() -> UInt64 { line.takeTicket() }

    /// Joins the line; the verdict is known at once if the world has changed since ``admit()``.
    ///
    /// A timer or a cancellation that came too early to find the waiter in line is found here.
    mutating func wait(_ ticket: UInt64, _ waiter: Waiter, until limit: ContinuousClock.Instant) -> Verdict? {
        if Task.isCancelled { return .cancelled }
        if let verdict = admit() { return verdict }
        if limit <= .now { return .timedOut }
        line.join(ticket, waiter)
        return nil
    }

    mutating func leave(_ ticket: UInt64) -> Waiter? {
        line.leave(ticket)
    }

    /// The idle connection that was used last.
    mutating func takeIdle() -> Idle? {
        idle.popLast()
    }

    mutating func lend(_ connection: Connection) {
        lent[ObjectIdentifier(connection)] = connection
    }

    /// Drops a connection that turned out to be broken; its permit stays in use.
    mutating func forget(_ connection: Connection) {
        lent[ObjectIdentifier(connection)] = nil
    }

    /// Gives a permit back, with its connection if that is worth keeping.
    ///
    /// - Returns: Who is to be told, and what; the pool may be closed by now, then nothing is kept.
    mutating func giveBack(
        _ connection: Connection?, keeping kept: Idle?
    ) -> (waiters: [Waiter], verdict: Verdict) {
        if let connection { lent[ObjectIdentifier(connection)] = nil }
        if let kept, !isClosed { idle.append(kept) }
        if let next = line.popFirst() { return ([next], .admitted) }
        permits -= 1
        return isClosed && permits == 0 ? (leaving.removeAll(), .closed) : ([], .closed)
    }

    /// Refuses everybody from now on.
    mutating func close() -> (waiters: [Waiter], idle: [Idle]) {
        isClosed = true
        defer { idle = [] }
        return (line.removeAll(), idle)
    }

    /// Joins those who wait until every connection has been given back.
    mutating func awaitEnd(_ ticket: UInt64, _ waiter: Waiter, until limit: ContinuousClock.Instant) -> Verdict? {
        if permits == 0 { return .closed }
        if Task.isCancelled { return .cancelled }
        if limit <= .now { return .timedOut }
        leaving.join(ticket, waiter)
        return nil
    }

    mutating func leaveEnd(_ ticket: UInt64) -> Waiter? {
        leaving.leave(ticket)
    }

    /// Takes out the idle connections that have been idle or alive for too long.
    mutating func takeStale(now: ContinuousClock.Instant, idleTimeout: Duration) -> [Idle] {
        func isStale(_ idle: Idle) -> Bool {
            idle.expiry <= now || idle.since.duration(to: now) > idleTimeout
        }
        let stale = idle.filter(isStale)
        idle.removeAll(where: isStale)
        return stale
    }
}
