import Postgres

/// The life of a task in plain prepared statements on four narrow tables, the schema called A3 in the
/// published measurements: the yardstick for what pgswarm's functions cost.
///
/// It has a lease and a fence, but no limits on attempts, no history, no events, no checks of what it is
/// given.
struct ReferenceSQL: Sendable {
    /// The schema of the tables.
    let schema: String

    /// Makes the tables.
    var setUp: [SQL] {
        [
            "CREATE SEQUENCE \(raw: schema).reference_id",
            "CREATE SEQUENCE \(raw: schema).reference_fence",
            """
            CREATE TABLE \(raw: schema).reference_body (
                id bigint PRIMARY KEY, queue integer NOT NULL, priority smallint NOT NULL, kind text,
                enqueued_at timestamptz NOT NULL DEFAULT now(), payload jsonb NOT NULL)
            """,
            """
            CREATE TABLE \(raw: schema).reference_ready (
                queue integer, priority smallint, position bigint, attempt integer NOT NULL,
                PRIMARY KEY (queue, priority, position)) WITH (fillfactor = 80)
            """,
            """
            CREATE TABLE \(raw: schema).reference_lease (
                id bigint PRIMARY KEY, fence bigint NOT NULL, agent bigint NOT NULL, attempt integer NOT NULL,
                claimed_at timestamptz NOT NULL) WITH (fillfactor = 80)
            """,
            """
            CREATE TABLE \(raw: schema).reference_outcome (
                id bigint PRIMARY KEY, fence bigint NOT NULL, agent bigint NOT NULL, attempt integer NOT NULL,
                state smallint NOT NULL, claimed_at timestamptz NOT NULL, done_at timestamptz NOT NULL DEFAULT now(),
                result jsonb)
            """,
        ]
    }

    /// Enqueues bodies.
    func enqueue(_ payloads: [JSONText]) -> SQL {
        """
        WITH added AS (
            INSERT INTO \(raw: schema).reference_body (id, queue, priority, payload)
            SELECT nextval('\(raw: schema).reference_id'), 1, 0, p FROM unnest(\(payloads)) p
            RETURNING id)
        INSERT INTO \(raw: schema).reference_ready (queue, priority, position, attempt) SELECT 1, 0, id, 0 FROM added
        """
    }

    /// Claims tasks: answers ids, fences and payloads.
    func claim(count: Int) -> SQL {
        """
        WITH fence AS MATERIALIZED (SELECT nextval('\(raw: schema).reference_fence') AS value),
        taken AS (
            DELETE FROM \(raw: schema).reference_ready WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(raw: schema).reference_ready WHERE queue = 1
                ORDER BY priority, position LIMIT \(Int32(clamping: count)) FOR UPDATE SKIP LOCKED))
            RETURNING position, attempt),
        granted AS (
            INSERT INTO \(raw: schema).reference_lease (id, fence, agent, attempt, claimed_at)
            SELECT position, fence.value, 1, attempt + 1, clock_timestamp() FROM taken, fence
            RETURNING id, fence)
        SELECT granted.id, granted.fence, body.payload
        FROM granted, LATERAL (
            SELECT payload FROM \(raw: schema).reference_body b WHERE b.id = granted.id LIMIT 1) body
        """
    }

    /// Completes tasks of one claim.
    func complete(_ ids: [Int64], fence: Int64) -> SQL {
        """
        WITH ended AS (
            DELETE FROM \(raw: schema).reference_lease WHERE id = ANY (\(ids)) AND fence = \(fence)
            RETURNING id, fence, agent, attempt, claimed_at)
        INSERT INTO \(raw: schema).reference_outcome (id, fence, agent, attempt, state, claimed_at)
        SELECT id, fence, agent, attempt, 1, claimed_at FROM ended
        """
    }
}
