internal import Synchronization

/// Who may stop what a connection is doing, asked from any thread.
///
/// A request is tied to what was running when it was made, a statement or a scope (one use of the
/// connection), so that a late one cannot hit whoever uses the connection next.
final class Interruption: Sendable {
    private struct State {
        var scope: UInt64 = 0
        var isScopeCancelled = false
        var isRunning = false
        var isStatementCancelled = false
    }

    private let state = Mutex(State())
    private let wakeup: Wakeup

    init(wakeup: Wakeup) {
        self.wakeup = wakeup
    }

    /// Begins a use of the connection, under an identity that is never used twice.
    func beginScope(_ scope: UInt64) {
        state.withLock {
            $0.scope = scope
            $0.isScopeCancelled = false
        }
    }

    func endScope() {
        beginScope(0)
    }

    /// Cancels the statement that runs and those that would follow in this scope, if it is still on.
    func cancel(scope: UInt64) {
        let isOn = state.withLock { state in
            guard state.scope == scope else { return false }
            state.isScopeCancelled = true
            return state.isRunning
        }
        if isOn { wakeup.signal() }
    }

    /// Cancels the statement that runs, if one does.
    func cancelStatement() {
        let isOn = state.withLock { state in
            state.isStatementCancelled = state.isRunning
            return state.isRunning
        }
        if isOn { wakeup.signal() }
    }

    /// Whether the scope was cancelled before the statement could begin.
    func beginStatement() -> Bool {
        state.withLock { state in
            state.isRunning = true
            state.isStatementCancelled = false
            return state.isScopeCancelled
        }
    }

    func endStatement() {
        state.withLock {
            $0.isRunning = false
            $0.isStatementCancelled = false
        }
    }

    var isCancelled: Bool {
        state.withLock { $0.isStatementCancelled || $0.isScopeCancelled }
    }
}
