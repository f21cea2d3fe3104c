import FoundationEssentials
import PgSwarm
import Postgres

/// How claimed tasks, and the absence of any, are reported.
struct ClaimOutput {
    private let console: Console
    private let json: Bool

    init(_ context: CommandContext) {
        console = context.console
        json = context.json
    }

    /// Reports granted tasks.
    func show(_ tasks: [ClaimedTask]) {
        if json {
            console.json(["tasks": .array(tasks.map(\.json))])
            return
        }
        for task in tasks { console.lines(lines(task)) }
    }

    /// Reports why nothing was granted.
    ///
    /// - Parameter known: The queues that were there before the claim.
    func show(_ queues: [EmptyQueue], known: Set<QueueName>) {
        let queues = queues.map { queue in
            var queue = queue
            if queue.reason == "empty", !known.contains(queue.queue) {
                queue.message = "there was no queue \"\(queue.queue)\"; now there is, and it is empty"
            }
            return queue
        }
        let retryAt = queues.compactMap(\.retryAt).min()
        // "empty" says least: a queue that holds something back is the better answer.
        let telling = queues.first { $0.reason != "empty" } ?? queues.first
        if json {
            console.json([
                "tasks": [],
                "reason": JSON(telling?.reason ?? "empty"),
                "message": JSON(telling?.message ?? "there is nothing to claim"),
                "retry_at": JSON(retryAt),
                "queues": .array(
                    queues.map { queue in
                        .object(queue.members + [("created", .bool(!known.contains(queue.queue)))])
                    }),
            ])
            return
        }
        let now = Date()
        for queue in queues {
            let when = queue.retryAt.map { ", come back \($0 > now ? Elapsed.expected($0, at: now) : "now")" } ?? ""
            console.line(
                "nothing to do in \"\(queue.queue.rawValue.printable)\": \(queue.message.printable)\(when)")
        }
        if queues.isEmpty { console.line("nothing to do") }
    }

    private func lines(_ task: ClaimedTask) -> [String] {
        var fields = Fields()
        fields.add("task", task.id.description, .heading)
        fields.add("title", task.title)
        fields.add("queue", task.queue.rawValue)
        fields.add("kind", task.kind)
        fields.add("attempt", "\(task.attempt) of \(task.maxAttempts)")
        fields.add(
            "lease", "\(Elapsed.brief(task.leaseDuration)), until \(Timestamp.format(task.leaseUntil))")
        fields.add("deadline", task.deadline.map(Timestamp.format))
        fields.add("payload", task.payload.text)
        fields.add("checkpoint", task.checkpoint?.text)
        fields.add("history", task.history?.text)
        fields.add("effects", task.effects?.text, .warning)
        fields.add("late results", task.lateResults?.text, .warning)
        fields.add("problems", task.problems?.text, .warning)
        fields.add("unread", task.unread > 0 ? "\(task.unread.counted("message"))" : nil)
        fields.add("handle", task.handle.text, .active)
        return fields.render(style: console.style)
    }
}

extension ClaimedTask {
    /// The task as `claim --json` shows it.
    var json: JSON {
        [
            "id": .string(id.description),
            "handle": .string(handle.text),
            "epoch": JSON(epoch),
            "fence": JSON(fence),
            "attempt": JSON(attempt),
            "max_attempts": JSON(maxAttempts),
            "queue": .string(queue.rawValue),
            "kind": JSON(kind),
            "title": JSON(title),
            "payload": .raw(payload.text),
            "priority": JSON(priority),
            "lease_until": JSON(leaseUntil),
            "lease_seconds": JSON(leaseDuration),
            "deadline": JSON(deadline),
            "created_at": JSON(createdAt),
            "trace": JSON(trace),
            "parent": JSON(parent?.description),
            "needs": JSON(needs),
            "checkpoint": JSON(checkpoint),
            "history": history.map { .raw($0.text) } ?? [],
            "effects": effects.map { .raw($0.text) } ?? [],
            "late_results": lateResults.map { .raw($0.text) } ?? [],
            "problems": problems.map { .raw($0.text) } ?? [],
            "unread": JSON(unread),
            "brief": JSON(brief),
        ]
    }
}

extension EmptyQueue {
    /// The queue as `work --json` gives it.
    var json: JSON { .object(members) }

    /// The members of ``json``.
    var members: [(String, JSON)] {
        [
            ("queue", .string(queue.rawValue)),
            ("reason", .string(reason)),
            ("message", .string(message)),
            ("retry_at", JSON(retryAt)),
            ("ready", JSON(ready)),
            ("scheduled", JSON(scheduled)),
            ("blocked", JSON(blocked)),
            ("running", JSON(running)),
            ("held", JSON(held)),
        ]
    }
}
