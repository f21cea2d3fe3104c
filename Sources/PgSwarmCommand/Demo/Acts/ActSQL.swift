import PgSwarm
import Postgres

/// What the acts ask of the operator's views.
enum ActSQL {
    static func state(of task: TaskID) -> SQL {
        "SELECT state FROM pgswarm.tasks WHERE id = \(task.rawValue)"
    }

    static func result(of task: TaskID) -> SQL {
        "SELECT result::text FROM pgswarm.tasks WHERE id = \(task.rawValue)"
    }

    static func lateResults(of task: TaskID) -> SQL {
        "SELECT count(*) FROM pgswarm.late_results WHERE task_id = \(task.rawValue)"
    }

    static func done(in queue: QueueName) -> SQL {
        "SELECT done FROM pgswarm.queues WHERE queue = \(queue.rawValue)"
    }
}
