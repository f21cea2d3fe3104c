internal import Synchronization

/// Gives every use of a connection an identity.
private let scopes = Atomic<UInt64>(0)

extension Connection {
    /// Runs statements on the connection, alone and without interruption by others.
    ///
    /// Cancelling the Swift task cancels the statement that runs and refuses further ones, with
    /// ``PostgresError/cancelled``; a commit that was sent is waited for.
    ///
    /// - Parameters:
    ///   - deadline: Becomes ``deadline`` while `body` runs; nil keeps the one that is set.
    ///   - body: Synchronous, because nothing may come between its statements.
    public nonisolated func run<T: Sendable, E: Error>(
        deadline: ContinuousClock.Instant? = nil,
        _ body: @Sendable (isolated Connection) throws(E) -> T
    ) async throws(E) -> T {
        let scope = scopes.add(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await run(scope: scope, deadline: deadline, body)
        } onCancel: {
            interruption.cancel(scope: scope)
        }
        return try result.get()
    }

    private func run<T: Sendable, E: Error>(
        scope: UInt64, deadline: ContinuousClock.Instant?,
        _ body: @Sendable (isolated Connection) throws(E) -> T
    ) -> Result<T, E> {
        // The scope first, then the question: a task cancelled in between is asked about here, a task
        // cancelled later finds the scope.
        interruption.beginScope(scope)
        if Task.isCancelled { interruption.cancel(scope: scope) }
        let previous = self.deadline
        self.deadline = deadline ?? previous
        defer {
            interruption.endScope()
            self.deadline = previous
        }
        do throws(E) {
            return .success(try body(self))
        } catch {
            return .failure(error)
        }
    }
}
