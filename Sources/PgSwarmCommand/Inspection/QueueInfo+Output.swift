import PgSwarm

extension QueueInfo {
    /// The queue as `queues --json` gives it.
    var json: JSON {
        .object(
            [("queue", .string(queue.rawValue))]
                + TaskState.counted.map { ($0.rawValue, JSON(counts[$0] ?? 0)) }
                + [
                    ("oldest_ready_seconds", JSON(oldestReady)),
                    ("paused", .bool(isPaused)),
                    ("paused_reason", JSON(pausedReason)),
                    ("lease_seconds", JSON(lease)),
                    ("max_attempts", JSON(maxAttempts)),
                    ("max_lost", JSON(maxLost)),
                    ("max_running", JSON(maxRunning)),
                    ("backlog_limit", JSON(backlogLimit)),
                    ("strict_lease", .bool(strictLease)),
                ])
    }
}

extension TaskState {
    /// The states in which queues count their tasks.
    static let counted: [TaskState] = [
        .ready, .running, .scheduled, .blocked, .parked, .held, .done, .dead, .cancelled,
    ]
}

/// Queues as a table.
enum QueueTable {
    /// A row for each queue.
    ///
    /// Columns of states in which there is no task are left out, save the four that matter always.
    static func make(_ queues: [QueueInfo]) -> Table {
        let always: Set<TaskState> = [.ready, .running, .done, .dead]
        let states = TaskState.counted.filter { state in
            always.contains(state) || queues.contains { $0.counts[state] ?? 0 > 0 }
        }
        var table = Table(
            [.flexible("QUEUE")] + states.map { .right($0.rawValue.uppercased()) }
                + [.right("OLDEST"), .right("LEASE"), .flexible("REMARK")])
        for queue in queues {
            let counts = states.map { state in
                Table.Cell.count(Int64(queue.counts[state] ?? 0), Style.Tone(state: state.rawValue))
            }
            table.add(
                [Table.Cell(queue.queue.rawValue, .heading)] + counts + [
                    Table.Cell(queue.oldestReady.map(Elapsed.brief)),
                    Table.Cell(queue.lease.map(Elapsed.brief)),
                    queue.remark,
                ])
        }
        return table
    }
}

extension QueueInfo {
    fileprivate var remark: Table.Cell {
        if isPaused {
            return Table.Cell("paused" + (pausedReason.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""), .warning)
        }
        let limits = [
            maxRunning.map { "at most \($0.grouped) running" },
            backlogLimit.map { "at most \($0.grouped) waiting" },
            strictLease ? "strict lease" : nil,
        ]
        return Table.Cell(limits.compactMap(\.self).joined(separator: ", "), .quiet)
    }
}
