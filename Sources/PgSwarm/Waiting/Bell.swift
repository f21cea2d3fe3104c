import Logging
import Postgres
internal import Synchronization

/// Wakes waiting workers after an enqueue has been committed.
///
/// Rings that come while one is under way are put together. A ring that fails is never the failure of an enqueue:
/// the workers find the task at their next poll.
final class Bell: Sendable {
    private struct State {
        var queues: Set<QueueName> = []
        var isRinging = false
        /// Those who want to know when all is rung.
        var listeners: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let ring: @Sendable ([QueueName]) async throws(SwarmError) -> Void
    private let logger: Logger

    init(logger: Logger, ring: @escaping @Sendable ([QueueName]) async throws(SwarmError) -> Void) {
        self.logger = logger
        self.ring = ring
    }

    /// Rings for these queues soon; returns at once.
    func ring(_ queues: some Sequence<QueueName>) {
        let mustStart = state.withLock { state in
            state.queues.formUnion(queues)
            guard !state.isRinging, !state.queues.isEmpty else { return false }
            state.isRinging = true
            return true
        }
        // Not a child of the enqueuer's task, who neither waits for the ring nor ends it by being cancelled.
        if mustStart { Task.detached { await self.work() } }
    }

    /// Returns when everything so far has been rung.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if state.isRinging { state.listeners.append(continuation) }
                return !state.isRinging
            }
            if isQuiet { continuation.resume() }
        }
    }

    private func work() async {
        while let queues = next() {
            do throws(SwarmError) {
                try await ring(queues)
            } catch {
                logger.debug("waiting workers were not rung", metadata: ["error": "\(error)"])
            }
        }
    }

    private func next() -> [QueueName]? {
        let (queues, listeners) = state.withLock {
            state -> ([QueueName]?, [CheckedContinuation<Void, Never>]) in
            if state.queues.isEmpty {
                state.isRinging = false
                defer { state.listeners = [] }
                return (nil, state.listeners)
            }
            defer { state.queues = [] }
            return (state.queues.sorted(), [])
        }
        for listener in listeners { listener.resume() }
        return queues
    }
}
