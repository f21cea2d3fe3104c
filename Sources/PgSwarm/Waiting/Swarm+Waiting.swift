import FoundationEssentials

extension Swarm {
    /// Claims, and when there is nothing waits for work: rung by whoever enqueues, and looking by itself once within
    /// the poll interval, because a ring may get lost.
    func claimWaiting(_ request: ClaimRequest, for wait: Duration) async throws(SwarmError) -> [ClaimedTask] {
        let end = ContinuousClock.now + wait
        let call = WakeUpCall()
        let subscription = wakeUps.subscribe(request.queues, call)
        defer { wakeUps.unsubscribe(subscription) }
        var isRegistered = false
        while true {
            let tasks = try await claimOnce(request)
            if !tasks.isEmpty { return tasks }
            var due: Date?
            if !isRegistered, wakeUps.isListening {
                due = try await registrations.submit(request.queues)
                isRegistered = true
                // What was enqueued before the registration rang for nobody.
                let tasks = try await claimOnce(request)
                if !tasks.isEmpty { return tasks }
            }
            let pause = min(pollPause(until: due), end - .now)
            guard pause > .zero, !Task.isCancelled else { return [] }
            // A ring uses the registration up; a poll leaves it.
            if await call.wait(for: pause) { isRegistered = false }
        }
    }

    /// With jitter, so that the pollers of many processes spread; no later than the next scheduled task is due.
    func pollPause(until due: Date?) -> Duration {
        let poll = configuration.pollInterval * Double.random(in: 0.5...1)
        guard let due else { return poll }
        let wait = Duration.seconds(max(0.001, due.timeIntervalSinceNow))
        return min(poll, wait)
    }
}
