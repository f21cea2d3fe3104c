import PgSwarm
import Postgres

/// What the demo asks of the operator's views while it is running, and at its end.
enum DemoSQL {
    static let done: SQL = "SELECT done FROM pgswarm.queues WHERE queue = \(CountQueue.name.rawValue)"

    /// Tasks whose commands have told in which process they run, the latest first.
    static let holds: SQL = """
        SELECT l.task_id, l.agent, l.epoch, (p.checkpoint ->> 'pid')::integer
        FROM pgswarm.leases l
        JOIN pgswarm.progress_reports p ON p.task_id = l.task_id AND p.epoch = l.epoch
        WHERE l.live AND p.checkpoint ? 'pid'
        ORDER BY p.id DESC
        """

    static func attempts(at task: TaskID) -> SQL {
        """
        SELECT attempt, epoch, agent, outcome FROM pgswarm.attempts
        WHERE task_id = \(task.rawValue) ORDER BY epoch
        """
    }

    static func lateResults(of task: TaskID, epoch: Int) -> SQL {
        """
        SELECT count(*) FROM pgswarm.late_results
        WHERE task_id = \(task.rawValue) AND epoch = \(epoch) AND verb = 'complete'
        """
    }

    static let results: SQL = """
        SELECT id, result FROM pgswarm.tasks WHERE queue = \(CountQueue.name.rawValue) AND state = 'done'
        """

    static let outcomes: SQL = "SELECT outcome, count(*) FROM pgswarm.attempts GROUP BY outcome"

    static let remains: SQL = """
        SELECT (SELECT count(*) FROM pgswarm.leases),
               (SELECT count(*) FROM pgswarm.late_results),
               (SELECT count(*) FROM (SELECT FROM pgswarm.attempts WHERE outcome = 'completed'
                                      GROUP BY task_id HAVING count(*) = 1) once)
        """
}
