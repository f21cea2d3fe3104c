import Synchronization

/// Holds handlers up until a test lets them go, or until their Swift task is cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var inside = 0
        var most = 0
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var count = 0
        /// Those who wait until so many are inside.
        var crowds: [(size: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// The most that were ever inside at once.
    var most: Int { state.withLock { $0.most } }

    /// Waits at the gate.
    ///
    /// - Throws: `CancellationError`.
    func pass() async throws {
        let number = enter()
        defer { state.withLock { $0.inside -= 1 } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isOpen { return .success(()) }
                    state.waiting[number] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting.removeValue(forKey: number) }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// Lets everybody go, now and later.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until so many are inside.
    func waitForCrowd(_ size: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.inside >= size { return true }
                state.crowds.append((size, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func enter() -> Int {
        let (number, crowds) = state.withLock { state in
            state.count += 1
            state.inside += 1
            state.most = max(state.most, state.inside)
            let inside = state.inside
            let crowds = state.crowds.filter { $0.size <= inside }
            state.crowds.removeAll { $0.size <= inside }
            return (state.count, crowds)
        }
        for crowd in crowds { crowd.continuation.resume() }
        return number
    }
}
