import Postgres

/// How many pages a statement touches, with all that runs in the functions it calls.
func buffers(_ caller: Caller, _ statement: String) async throws -> Int {
    let rows = try await caller.rows("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) \(raw: statement)")
    let plan = try rows[0][0, as: JSONText.self]
    return try await caller.value(
        """
        SELECT (p ->> 'Shared Hit Blocks')::bigint + (p ->> 'Shared Read Blocks')::bigint
        FROM (SELECT \(plan) -> 0 -> 'Plan' AS p) x
        """)
}
