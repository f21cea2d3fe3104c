import Synchronization

/// Hands the events of a service to everybody who watches.
final class EventFan<Event: Sendable>: Sendable {
    private struct State {
        var watchers: [Int: AsyncStream<Event>.Continuation] = [:]
        var count = 0
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let watcherCount = Atomic(0)

    /// Whether an event would reach anybody.
    var isWatched: Bool { watcherCount.load(ordering: .relaxed) > 0 }

    /// The events from now on; ends with the worker.
    func stream() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let number = state.withLock { state -> Int? in
            guard !state.hasEnded else { return nil }
            state.count += 1
            state.watchers[state.count] = continuation
            watcherCount.store(state.watchers.count, ordering: .relaxed)
            return state.count
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.forget(number) }
        return stream
    }

    func tell(_ event: Event) {
        let watchers = state.withLock { Array($0.watchers.values) }
        for watcher in watchers { watcher.yield(event) }
    }

    func end() {
        let watchers = state.withLock { state in
            state.hasEnded = true
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }

    private func forget(_ number: Int) {
        state.withLock { state in
            state.watchers[number] = nil
            watcherCount.store(state.watchers.count, ordering: .relaxed)
        }
    }
}
