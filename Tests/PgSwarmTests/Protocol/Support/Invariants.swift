import Postgres

/// What must be true of the tables after whatever has happened.
enum Invariants {
    /// One line for each broken promise.
    static let violations: SQL = """
        WITH place AS (
            SELECT task, epoch, generation, attempts, failed, 'ready' AS state FROM pgswarm.ready
            UNION ALL SELECT task, epoch, generation, attempts, failed, state FROM pgswarm.waiting
            UNION ALL SELECT task, epoch, generation, attempts, failed, 'running' FROM pgswarm.lease
            UNION ALL SELECT task, epoch, generation, attempts, failed, state FROM pgswarm.outcome
                      WHERE retried_at IS NULL
        ), hold AS (
            SELECT task, epoch FROM pgswarm.attempt
            UNION ALL SELECT task, epoch FROM pgswarm.outcome WHERE state = 'done'
            UNION ALL SELECT task, epoch FROM pgswarm.lease
        )
        SELECT format('task %s is in %s places', t.id, count(p.task))
        FROM pgswarm.task t LEFT JOIN place p ON p.task = t.id GROUP BY t.id HAVING count(p.task) <> 1
        UNION ALL
        SELECT format('a place without a task: %s', p.task) FROM place p
        WHERE NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = p.task)
        UNION ALL
        SELECT format('task %s had epoch %s twice', task, epoch) FROM hold GROUP BY task, epoch HAVING count(*) > 1
        UNION ALL
        SELECT format('task %s is at epoch %s but had %s', p.task, p.epoch, max(h.epoch))
        FROM place p JOIN hold h ON h.task = p.task GROUP BY p.task, p.epoch HAVING max(h.epoch) > p.epoch
        UNION ALL
        SELECT format('task %s counts %s attempts in generation %s', p.task, p.attempts, p.generation)
        FROM place p
        WHERE p.attempts <> (p.state = 'done')::integer + (
            SELECT count(*) FROM pgswarm.attempt a
            WHERE a.task = p.task AND a.generation = p.generation AND a.outcome <> 'released')
        UNION ALL
        SELECT format('task %s counts %s failures in generation %s', p.task, p.failed, p.generation)
        FROM place p
        WHERE p.failed <> (SELECT count(*) FROM pgswarm.attempt a
                           WHERE a.task = p.task AND a.generation = p.generation AND a.outcome = 'failed')
        UNION ALL
        SELECT format('task %s has %s ended generations before its %sth', p.task, count(o.task), p.generation)
        FROM place p LEFT JOIN pgswarm.outcome o ON o.task = p.task AND o.retried_at IS NOT NULL
        GROUP BY p.task, p.generation HAVING count(o.task) <> p.generation
        UNION ALL
        SELECT format('task %s waits for %s, but counts %s', w.task, count(d.task), w.unmet)
        FROM pgswarm.waiting w LEFT JOIN pgswarm.dependency d ON d.task = w.task AND NOT d.met
        WHERE w.state = 'blocked' GROUP BY w.task, w.unmet HAVING count(d.task) <> w.unmet OR w.unmet = 0
        UNION ALL
        SELECT format('task %s is %s before %s is done', p.task, p.state, d.on_task)
        FROM place p JOIN pgswarm.dependency d ON d.task = p.task
        WHERE p.state NOT IN ('blocked', 'cancelled') AND NOT d.met
        UNION ALL
        SELECT format('%s waits for %s: met is %s', d.task, d.on_task, d.met) FROM pgswarm.dependency d
        WHERE d.met <> EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = d.on_task AND o.state = 'done')
        UNION ALL
        SELECT format('task %s has %s claimed events but %s holds', h.task, (
                   SELECT count(*) FROM pgswarm.event e WHERE e.kind = 'claimed' AND h.task = ANY (e.tasks)), count(*))
        FROM hold h GROUP BY h.task
        HAVING count(*) <> (SELECT count(*) FROM pgswarm.event e WHERE e.kind = 'claimed' AND h.task = ANY (e.tasks))
        """

    /// Every grant there ever was: each ended as an attempt or an outcome, or goes on as a lease.
    static let grants: SQL = """
        SELECT task, epoch FROM pgswarm.attempt
        UNION ALL SELECT task, epoch FROM pgswarm.outcome WHERE state = 'done'
        UNION ALL SELECT task, epoch FROM pgswarm.lease
        """
}
