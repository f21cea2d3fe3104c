import Postgres

import struct FoundationEssentials.UUID

/// The calls that steer tasks from outside and look at them.
enum SteeringSQL {
    static func cancel(_ tasks: [TaskID], reason: String?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, code, state FROM pgswarm.cancel(
            tasks => \(tasks), reason => \(reason), agent => \(agent), session => \(session))
        """
    }

    static func retry(_ tasks: [TaskID], agent: AgentName?, session: UUID?) -> SQL {
        "SELECT id, code, state FROM pgswarm.retry(tasks => \(tasks), agent => \(agent), session => \(session))"
    }

    static func why(_ task: TaskID) -> SQL {
        "SELECT state, reason, message, until, detail FROM pgswarm.why(task => \(task))"
    }

    static func sweep(batch: Int) -> SQL {
        "SELECT lost, dead, promoted FROM pgswarm.sweep(batch => \(Int32(clamping: batch)))"
    }

    static func promote(batch: Int) -> SQL {
        "SELECT pgswarm.promote(batch => \(Int32(clamping: batch)))"
    }

    static func maintain(batch: Int) -> SQL {
        "SELECT partitions, removed FROM pgswarm.maintain(batch => \(Int32(clamping: batch)))"
    }

    /// The columns in the order in which ``TaskInfo/init(_:)`` reads them.
    static let columns = """
        id, queue, kind, title, state, reason, priority, attempts, max_attempts, agent, payload, result, error, \
        created_at, due_at, started_at, finished_at, lease_until, percent, note, epoch, parent, key, trace
        """

    static func list(_ filter: TaskFilter) -> SQL {
        """
        SELECT \(raw: columns) FROM pgswarm.list_tasks(
            queue => \(filter.queue), states => \(filter.states.isEmpty ? nil : filter.states),
            lim => \(Int32(clamping: filter.limit)), before => \(filter.before))
        """
    }

    static func task(_ id: TaskID) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.tasks WHERE id = \(id)"
    }

    static func attempts(of task: TaskID) -> SQL {
        """
        SELECT attempt, epoch, agent, outcome, error, note, started_at, ended_at
        FROM pgswarm.attempts WHERE task_id = \(task) ORDER BY epoch
        """
    }
}
