import Postgres

/// The calls that read the history.
enum EventsSQL {
    static func list(after id: Int64?, task: TaskID?, limit: Int) -> SQL {
        """
        SELECT id, at, kind, task_id, queue, agent, detail FROM pgswarm.events
        WHERE (\(id)::bigint IS NULL OR id > \(id)) AND (\(task)::bigint IS NULL OR task_id = \(task))
        ORDER BY id LIMIT \(limit)
        """
    }

    static func last(limit: Int) -> SQL {
        """
        SELECT * FROM (
            SELECT id, at, kind, task_id, queue, agent, detail FROM pgswarm.events ORDER BY id DESC LIMIT \(limit)
        ) last ORDER BY id
        """
    }
}
