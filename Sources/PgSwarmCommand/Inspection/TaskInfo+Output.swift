import FoundationEssentials
import PgSwarm
import Postgres

extension TaskInfo {
    /// The task as `tasks --json` and `show --json` give it.
    var json: JSON { .object(members) }

    /// The members of ``json``.
    var members: [(String, JSON)] {
        [
            ("id", .string(id.description)),
            ("queue", .string(queue.rawValue)),
            ("kind", JSON(kind)),
            ("title", JSON(title)),
            ("state", .string(state.rawValue)),
            ("reason", JSON(reason)),
            ("priority", JSON(priority)),
            ("attempts", JSON(attempts)),
            ("max_attempts", JSON(maxAttempts)),
            ("agent", JSON(agent)),
            ("payload", JSON(payload)),
            ("result", JSON(result)),
            ("error", JSON(error)),
            ("created_at", JSON(createdAt)),
            ("due_at", JSON(dueAt)),
            ("started_at", JSON(startedAt)),
            ("finished_at", JSON(finishedAt)),
            ("lease_until", JSON(leaseUntil)),
            ("percent", JSON(percent)),
            ("note", JSON(note)),
            ("epoch", JSON(epoch)),
            ("parent", JSON(parent?.description)),
            ("key", JSON(key)),
            ("trace", JSON(trace)),
        ]
    }

    /// What a person recognises the task by: its title, or what is to be done.
    var summary: String? {
        title.flatMap { $0.isEmpty ? nil : $0 } ?? payload?.text
    }

    /// What matters about the state right now.
    func remark(at now: Date) -> String? {
        if let error, !error.isEmpty, state != .done { return error }
        if state == .running {
            let progress = [percent.map { "\(Int($0)) %" }, note].compactMap(\.self).joined(separator: ", ")
            return progress.isEmpty
                ? leaseUntil.map {
                    "lease \($0 > now ? "ends" : "ended") \(Elapsed.expected($0, at: now))"
                } : progress
        }
        if let dueAt, !state.isFinal { return Elapsed.due(dueAt, at: now) }
        return reason == state.rawValue ? nil : reason
    }
}
