import Postgres

/// The limits: the least that a server must do for what could be called the same work.
///
/// The tables have the columns and keys of the protocol's. The statements keep none of its promises: no
/// lease, no fence, no attempts, no events.
struct BareSQL: Sendable {
    /// The schema of the bare tables.
    let schema: String

    /// As the protocol's tables that rows pass through, which have to be vacuumed early.
    private static let busy =
        "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0"

    /// Makes the schema and its tables.
    var setUp: [SQL] {
        [
            "CREATE SCHEMA \(raw: schema)",
            "CREATE SEQUENCE \(raw: schema).id",
            "CREATE TABLE \(raw: schema).tick (id bigint)",
            "CREATE TABLE \(raw: schema).task (LIKE pgswarm.task INCLUDING ALL)",
            "CREATE TABLE \(raw: schema).ready (LIKE pgswarm.ready INCLUDING ALL) WITH (\(raw: Self.busy))",
            "CREATE TABLE \(raw: schema).outcome (LIKE pgswarm.outcome INCLUDING ALL)",
            """
            CREATE TABLE \(raw: schema).lease (LIKE pgswarm.lease INCLUDING ALL)
            WITH (fillfactor = 60, \(raw: Self.busy))
            """,
        ]
    }

    var tearDown: SQL { "DROP SCHEMA IF EXISTS \(raw: schema) CASCADE" }

    /// The smallest durable change.
    var commit: SQL { "INSERT INTO \(raw: schema).tick VALUES (1)" }

    /// Inserts bodies that come in one array.
    func insert(_ payloads: [JSONText]) -> SQL {
        """
        INSERT INTO \(raw: schema).task (id, created_at, queue, creator, priority, payload)
        SELECT nextval('\(raw: schema).id'), clock_timestamp(), 1, 1, 0, p FROM unnest(\(payloads)) p
        """
    }

    /// Makes rows to take; `line` keeps those of one measurement apart from others.
    func fill(line: Int, count: Int) -> SQL {
        """
        INSERT INTO \(raw: schema).ready
            (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
        SELECT n, n, \(Int32(clamping: line)), 0, 0, 0, 0, 0, 0, \(Int32(clamping: line))
        FROM (SELECT nextval('\(raw: schema).id') n FROM generate_series(1, \(Int32(clamping: count)))) numbers
        """
    }

    /// Moves the first rows of a line to the finished ones: claim and completion in one commit.
    func take(line: Int, count: Int) -> SQL {
        """
        WITH taken AS (
            DELETE FROM \(raw: schema).ready WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM \(raw: schema).ready WHERE lane = \(Int32(clamping: line))
                ORDER BY priority, position LIMIT \(Int32(clamping: count)) FOR UPDATE SKIP LOCKED))
            RETURNING task, queue, epoch, generation, attempts, failed, lost)
        INSERT INTO \(raw: schema).outcome
            (task, finished_at, queue, epoch, generation, attempts, failed, lost, state)
        SELECT task, clock_timestamp(), queue, epoch, generation, attempts, failed, lost, 'done' FROM taken
        """
    }

    /// Makes leases, numbered behind the `known` ones.
    func lend(from known: Int, to count: Int) -> SQL {
        """
        INSERT INTO \(raw: schema).lease
            (task, session, claim_id, until, started_at, queue, epoch, priority, generation, attempts, failed, lost,
             seconds, strict_lease)
        SELECT n, 1, gen_random_uuid(), clock_timestamp() + interval '15 minutes', clock_timestamp(), 1, 1, 0, 0, 0, 0,
               0, 900, false
        FROM generate_series(\(Int32(clamping: known + 1)), \(Int32(clamping: count))) n
        """
    }

    /// Puts off the end of some leases.
    func extend(_ leases: [Int64]) -> SQL {
        """
        UPDATE \(raw: schema).lease SET until = clock_timestamp() + interval '15 minutes' WHERE task = ANY (\(leases))
        """
    }

    /// Notifies those who listen to the schema's name.
    var notify: SQL { "NOTIFY \(raw: schema)" }
}
