import PgSwarm
import Postgres

/// What only people ask for: reads of the operator's views.
enum InspectionSQL {
    static func dependencies(of task: TaskID) -> SQL {
        """
        SELECT on_task_id, met, on_state FROM pgswarm.dependencies WHERE task_id = \(task.rawValue) ORDER BY on_task_id
        """
    }

    static func lateResults(of task: TaskID) -> SQL {
        """
        SELECT epoch, agent, verb, result, error, reason, at FROM pgswarm.late_results
        WHERE task_id = \(task.rawValue) ORDER BY id
        """
    }

    static func effects(of task: TaskID) -> SQL {
        """
        SELECT key, agent, epoch, intended_at, confirmed_at, detail, result FROM pgswarm.effects
        WHERE task_id = \(task.rawValue) ORDER BY intended_at, key
        """
    }

    static func reports(on task: TaskID) -> SQL {
        """
        SELECT at, agent, epoch, percent, note, checkpoint, usage FROM pgswarm.progress_reports
        WHERE task_id = \(task.rawValue) ORDER BY id
        """
    }

    static func leases(limit: Int) -> SQL {
        """
        SELECT task_id, queue, title, agent, session_id, epoch, attempt, started_at, lease_until, live, stalled,
               progress_at, deadline
        FROM pgswarm.leases ORDER BY started_at LIMIT \(limit)
        """
    }

    static let sessions: SQL = """
        SELECT session_id, agent, kind, host, pid, client, expires_at, opened_at, leases
        FROM pgswarm.sessions WHERE live ORDER BY opened_at
        """

    /// Whether there is a person whom no agent can pass for.
    static let humans: SQL =
        "SELECT EXISTS (SELECT FROM pgswarm.agents WHERE role = 'human' AND has_credential AND retired_at IS NULL)"
    static let seat: SQL = "SELECT agent, until FROM pgswarm.seats WHERE name = 'coordinator' AND live"

    /// The newest events that match, oldest of them first.
    static func events(_ filter: EventFilter) -> SQL {
        """
        SELECT * FROM (
            SELECT id, at, kind, task_id, queue, agent, detail, xact FROM pgswarm.events
            WHERE (\(filter.task?.rawValue)::bigint IS NULL OR task_id = \(filter.task?.rawValue))
              AND (\(filter.queue?.rawValue)::text IS NULL OR queue = \(filter.queue?.rawValue))
              AND at >= coalesce(\(filter.since)::timestamptz, '-infinity')
              AND at >= coalesce(pgswarm.clock() - \(filter.span)::interval, '-infinity')
            ORDER BY id DESC, task_id DESC LIMIT \(filter.limit)
        ) newest ORDER BY id, task_id
        """
    }

    /// The events of transactions from `xact` on.
    ///
    /// They were written in the last hour: a transaction that runs longer is no reason to search all of
    /// history again and again.
    static func events(_ filter: EventFilter, from xact: Int64) -> SQL {
        """
        SELECT id, at, kind, task_id, queue, agent, detail, xact FROM pgswarm.events
        WHERE xact >= \(xact) AND at >= pgswarm.clock() - interval '1 hour'
          AND (\(filter.task?.rawValue)::bigint IS NULL OR task_id = \(filter.task?.rawValue))
          AND (\(filter.queue?.rawValue)::text IS NULL OR queue = \(filter.queue?.rawValue))
        ORDER BY id, task_id
        """
    }

    /// Below this transaction nothing is written any more.
    static let horizon: SQL = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

    /// Those of some queues that were there so long ago.
    static func known(among queues: [QueueName], before span: Duration) -> SQL {
        """
        SELECT queue FROM pgswarm.queues
        WHERE queue = ANY (\(queues.map(\.rawValue))::text[]) AND created_at < clock_timestamp() - \(span)::interval
        """
    }

    /// Whether agents may introduce themselves, which is for the owner alone to read.
    static let asOwner: SQL = "SET LOCAL ROLE pgswarm_owner"
    static let registration: SQL = "SELECT open_registration FROM pgswarm.setting"

    /// Facts about the server that a plain user may read.
    static let server: SQL = """
        SELECT current_setting('server_version'), current_database()::text, current_user::text,
               pg_is_in_recovery(), current_setting('fsync')::boolean, current_setting('full_page_writes')::boolean,
               current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
               pgswarm.schema_version()
        """
}
