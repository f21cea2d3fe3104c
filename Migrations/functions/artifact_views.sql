-- Artifacts and readings as onlookers see them. No view shows a content: who reads one is recorded.
SET LOCAL ROLE pgswarm_owner;

-- What stands and falls with its hold: accepted is what the accepted hold has put, and no other hold of the same task.
CREATE VIEW pgswarm.artifacts AS
SELECT a.id, a.task AS task_id, p.name AS plan, a.kind, a.name, a.version,
       a.name IS NULL OR NOT CASE WHEN a.task IS NOT NULL
           THEN EXISTS (SELECT FROM pgswarm.artifact n WHERE n.task = a.task AND n.name = a.name AND n.version > a.version)
           ELSE EXISTS (SELECT FROM pgswarm.artifact n
                        WHERE n.task IS NULL AND coalesce(n.plan, 0) = coalesce(a.plan, 0) AND n.name = a.name
                          AND n.version > a.version) END AS newest,
       CASE WHEN a.task IS NULL THEN 'given'
            WHEN EXISTS (SELECT FROM pgswarm.outcome o
                         WHERE o.task = a.task AND o.epoch = a.epoch AND o.state = 'done' AND o.retried_at IS NULL
                           AND NOT EXISTS (SELECT FROM pgswarm.taint_mark m
                                           WHERE m.task = o.task AND m.generation = o.generation AND m.cleared_at IS NULL))
                THEN 'accepted'
            WHEN EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = a.task AND o.epoch = a.epoch AND o.state = 'done')
                THEN 'tainted'
            ELSE 'unaccepted' END AS state,
       a.form, a.media_type, a.size, encode(a.hash, 'hex') AS sha256, a.reference, g.name AS producer, a.epoch,
       a.generation::integer AS generation, a.contract_version, a.created_at
FROM pgswarm.artifact a
LEFT JOIN pgswarm.plan p ON p.id = a.plan
LEFT JOIN pgswarm.agent g ON g.id = a.agent;

CREATE VIEW pgswarm.readings AS
SELECT r.at, g.name AS agent, r.reader AS task_id, r.generation::integer AS generation, r.epoch, r.source AS source_id,
       r.source_generation::integer AS source_generation, r.submission AS submission_id, r.artifact AS artifact_id
FROM pgswarm.reading r
LEFT JOIN pgswarm.agent g ON g.id = r.agent;
