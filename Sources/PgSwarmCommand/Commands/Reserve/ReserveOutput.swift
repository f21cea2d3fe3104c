import FoundationEssentials
import PgSwarm

/// How reservations are shown.
enum ReserveOutput {
    static func show(_ answer: Reservation, of request: ReservationRequest, in context: CommandContext) {
        let task = request.handle.flatMap { try? Handle($0) }?.taskID
        if context.json {
            context.console.json([
                "granted": true, "namespace": .string(request.namespace), "mode": .string(request.mode.rawValue),
                "handle": JSON(answer.handle), "task_id": JSON(task?.description), "epoch": JSON(answer.epoch),
                "fence": JSON(answer.fence), "until": JSON(answer.until), "seconds": JSON(answer.duration),
                "reserved": .array(
                    answer.items.map { item in
                        [
                            "kind": .string(item.kind), "pattern": .string(item.pattern),
                            "warnings": .array(item.warnings.map(json)),
                        ]
                    }),
            ])
            return
        }
        let until = answer.until.map { " until \(Timestamp.format($0))" } ?? ""
        context.console.line(
            "reserved \(answer.items.count.counted("name")) in \"\(request.namespace.printable)\" (\(request.mode.rawValue))"
                + (task.map { ", as long as task \($0) is held" } ?? until))
        for item in answer.items {
            context.console.line("  " + ReservedNames.text(item.kind, item.pattern).printable)
        }
        if task == nil, let handle = answer.handle { context.console.line("handle \(handle)") }
        warn(answer.items.flatMap(\.warnings), in: context)
    }

    /// Tells warnings, each once.
    static func warn(_ warnings: [ReservationConflict], in context: CommandContext) {
        var told: Set<String> = []
        for warning in warnings {
            let text = warning.message ?? "also \(describe(warning))"
            if told.insert(text).inserted { context.console.line("warning: \(text.printable)") }
        }
    }

    /// The failure that a refusal amounts to.
    static func refusal(_ answer: Reservation, waited: Bool) -> CommandFailure {
        let blockers = answer.blockers
        let more = blockers.count > 1 ? ", and \(blockers.count - 1) more in the way" : ""
        let item = answer.items.first { !$0.blockers.isEmpty }
        let name = item.map { ReservedNames.text($0.kind, $0.pattern) } ?? "it"
        let reason = blockers.first.map(describe) ?? "somebody is in the way"
        return CommandFailure(
            "conflict", "\(name) can't be reserved: \(reason)\(more)",
            hint: waited
                ? "Nothing was reserved. Work on something else first, or ask its holder."
                : "Nothing was reserved. Stand in line with --wait 5m, or work on something else first.",
            blockers: JSON.array(blockers.map(json)).text)
    }

    /// Who has what, in a phrase.
    static func describe(_ conflict: ReservationConflict) -> String {
        let name = ReservedNames.text(conflict.kind ?? "path", conflict.pattern ?? "")
        let agent = conflict.agent ?? "somebody"
        if conflict.isWaiting == true { return "\(agent) came first and waits for \(name)" }
        let task = conflict.taskID.map { " for task \($0)" } ?? ""
        let until = conflict.until.map { " until \(Timestamp.format($0))" } ?? ""
        return "\(agent) has \(name) (\(conflict.mode ?? "exclusive"))\(task)\(until)"
    }

    static func json(_ conflict: ReservationConflict) -> JSON {
        if let message = conflict.message { return ["message": .string(message)] }
        return [
            "agent": JSON(conflict.agent), "task_id": JSON(conflict.taskID), "kind": JSON(conflict.kind),
            "pattern": JSON(conflict.pattern), "mode": JSON(conflict.mode), "until": JSON(conflict.until),
            "waiting": .bool(conflict.isWaiting ?? false),
        ]
    }
}
