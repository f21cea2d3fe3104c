import FoundationEssentials
import PgSwarm

/// Says what a worker waits for that is to end when its queues are empty, and has nothing to do meanwhile.
struct WaitNotice: Sendable {
    /// For looking at the queues.
    let swarm: Swarm
    let queues: [QueueName]
    let output: WorkOutput

    /// A wait that is over before this is none of a person's business.
    private static let patience: Duration = .seconds(2)

    /// Watches until it is cancelled; each wait is told once.
    func watch() async {
        var told: ContinuousClock.Instant?
        while true {
            do {
                try await Task.sleep(for: .milliseconds(250))
            } catch {
                return
            }
            guard let since = output.idleSince, since != told, .now - since >= Self.patience,
                let queues = try? await swarm.whyEmpty(queues), !Task.isCancelled
            else { continue }
            let holdingUp = queues.filter { $0.holdUp(at: Date()) != nil }
            // Somebody else may have finished the last task just now: then the worker ends.
            guard !holdingUp.isEmpty, output.idleSince == since else { continue }
            told = since
            output.waits(for: holdingUp)
        }
    }
}

extension EmptyQueue {
    /// What is left in the queue and why it does not come, for people; `nil` when nothing is left.
    func holdUp(at now: Date) -> String? {
        let next = retryAt.map { " (the next is \(Elapsed.due($0, at: now)))" } ?? ""
        let counts = [
            (ready, "ready"), (scheduled, "scheduled\(next)"), (blocked, "blocked"), (held, "behind a breaker"),
            (running, "held by others"),
        ]
        let parts = counts.filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
        guard !parts.isEmpty else { return nil }
        let left = parts.joined(separator: ", ")
        // Only these say more than the numbers do.
        guard ["paused", "max_running", "breaker", "agent_breaker"].contains(reason) else {
            return "\"\(queue.rawValue.printable)\" has \(left)"
        }
        return "\(message.printable) (\(left))"
    }
}
