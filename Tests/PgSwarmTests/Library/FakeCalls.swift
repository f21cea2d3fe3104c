import PgSwarm
import Synchronization

@testable import PgSwarm

/// The far end of a call group: keeps each call until the test answers it.
final class FakeCalls: Sendable {
    private struct State {
        var waiting: [(items: [Int], reply: CheckedContinuation<SwarmError?, Never>)] = []
        var sent: [[Int]] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// All calls so far.
    var sent: [[Int]] { state.withLock { $0.sent } }

    /// Takes a call; answers each item with itself times ten once the test says so.
    func call(_ items: [Int]) async -> (items: [Int], error: SwarmError?) {
        let error = await withCheckedContinuation { reply in
            let ready = state.withLock { state in
                state.waiting.append((items, reply))
                state.sent.append(items)
                let ready = state.watchers.filter { $0.count <= state.sent.count }
                state.watchers.removeAll { $0.count <= state.sent.count }
                return ready
            }
            for watcher in ready { watcher.continuation.resume() }
        }
        return (items, error)
    }

    /// Returns when so many calls have been sent.
    func wait(forCalls count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sent.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Answers the oldest call that waits.
    func answer(_ error: SwarmError? = nil) {
        state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }?.reply.resume(returning: error)
    }
}
