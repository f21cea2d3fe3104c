internal import Synchronization

extension ConnectionPool {
    /// Waits in line for a permit.
    func acquire(
        until limit: ContinuousClock.Instant, deadline: ContinuousClock.Instant?
    ) async throws(PostgresError) {
        if Task.isCancelled { throw .cancelled }
        let verdict: PoolState.Verdict
        if let known = state.withLock({ $0.admit() }) {
            verdict = known
        } else {
            verdict = await stand(until: min(limit, deadline ?? limit))
        }
        switch verdict {
        case .admitted: return
        case .closed: throw .poolClosed
        case .cancelled: throw .cancelled
        case .timedOut: throw deadline.map { $0 <= limit } ?? false ? .deadlineExceeded : .poolTimeout
        }
    }

    private func stand(until limit: ContinuousClock.Instant) async -> PoolState.Verdict {
        let ticket = state.withLock { $0.takeTicket() }
        return await bounded(until: limit) { verdict in
            self.state.withLock { $0.leave(ticket) }?.resume(returning: verdict)
        } wait: {
            await withCheckedContinuation { waiter in
                let known = self.state.withLock { $0.wait(ticket, waiter, until: limit) }
                if let known { waiter.resume(returning: known) }
            }
        }
    }

    /// Waits, at most until `limit` or until the task is cancelled.
    ///
    /// - Parameter giveUp: Ends the wait with a verdict, if it has not ended.
    private func bounded(
        until limit: ContinuousClock.Instant,
        giveUp: @escaping @Sendable (PoolState.Verdict) -> Void,
        wait: @escaping @Sendable () async -> PoolState.Verdict
    ) async -> PoolState.Verdict {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await Task.sleep(until: limit, clock: .continuous)
                if !Task.isCancelled { giveUp(.timedOut) }
            }
            defer { group.cancelAll() }
            return await withTaskCancellationHandler {
                await wait()
            } onCancel: {
                giveUp(.cancelled)
            }
        }
    }

    /// Closes idle connections that are too old, until the task is cancelled.
    ///
    /// The pool works without it; then such connections are closed when the next one is asked for.
    public func run() async {
        let interval = min(max(configuration.idleTimeout / 4, .milliseconds(10)), .seconds(30))
        while !Task.isCancelled {
            try? await Task.sleep(for: interval, clock: .continuous)
            let stale = state.withLock {
                $0.takeStale(now: .now, idleTimeout: configuration.idleTimeout)
            }
            for idle in stale { await idle.connection.close() }
        }
    }

    /// Refuses new work, waits for what runs, and closes all connections.
    ///
    /// - Parameter grace: After this time the statements that still run are cancelled. A commit is not.
    public func close(grace: Duration = .seconds(5)) async {
        let (waiters, idle) = state.withLock { $0.close() }
        for waiter in waiters { waiter.resume(returning: .closed) }
        for idle in idle { await idle.connection.close() }
        if await ended(within: grace) { return }
        for connection in state.withLock({ Array($0.lent.values) }) { connection.cancel() }
        _ = await ended(within: Exchange.grace * 2)
    }

    /// Waits until all connections have come back.
    private func ended(within time: Duration) async -> Bool {
        let ticket = state.withLock { $0.takeTicket() }
        let limit = ContinuousClock.now + time
        let verdict = await bounded(until: limit) { verdict in
            self.state.withLock { $0.leaveEnd(ticket) }?.resume(returning: verdict)
        } wait: {
            await withCheckedContinuation { waiter in
                let known = self.state.withLock { $0.awaitEnd(ticket, waiter, until: limit) }
                if let known { waiter.resume(returning: known) }
            }
        }
        if case .closed = verdict { return true }
        return false
    }
}
