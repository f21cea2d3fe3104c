import PgSwarm
import Postgres

/// What the benchmark needs of a server beside the protocol: a place to measure in, and tasks in bulk.
enum BenchSQL {
    static func createDatabase(_ name: String) -> SQL {
        // template0, because nobody can be connected to it, which would refuse the copy.
        "CREATE DATABASE \(identifier: name) TEMPLATE template0"
    }

    static func dropDatabase(_ name: String) -> SQL {
        "DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)"
    }

    static let server: SQL = """
        SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
               current_setting('shared_buffers'), current_database()
        """

    /// How many bytes the log has had so far.
    static let logPosition: SQL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8"

    /// Enqueues tasks whose payloads the server makes up, so that nothing travels.
    static func fill(_ queue: QueueName, count: Int, by author: EnqueueAuthor) -> SQL {
        """
        SELECT count(*) FROM pgswarm.enqueue_many(
            queue => \(queue), agent => \(author.agent), session => \(author.session),
            payloads => ARRAY(
                SELECT jsonb_build_object('number', n, 'text', repeat('x', \(Int32(BenchPayload.textLength))))
                FROM generate_series(1, \(Int32(clamping: count))) n))
        """
    }

    /// Removes what a benchmark has left in the protocol's own tables.
    ///
    /// No function removes tasks before their time, so this takes the owner's rights.
    static func removals(ofQueuesLike pattern: String) -> [SQL] {
        let tables = ["ready", "waiting", "lease", "outcome", "event", "task"]
        return tables.map { table in
            """
            DELETE FROM pgswarm.\(raw: table)
            WHERE queue IN (SELECT id FROM pgswarm.queue WHERE name LIKE \(pattern))
            """
        } + ["DELETE FROM pgswarm.queue WHERE name LIKE \(pattern)"]
    }
}
