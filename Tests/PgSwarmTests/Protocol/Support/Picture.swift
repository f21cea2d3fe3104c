import Postgres

/// All rows of all tables, to see what a call has changed.
struct Picture: Equatable {
    let tables: [String: [String]]

    /// What is in the tables of the schema, as its owner sees it.
    static func taken(by caller: Caller, without left: Set<String> = []) async throws -> Picture {
        let names: [String] = try await caller.column(
            """
            SELECT c.relname::text FROM pg_class c
            WHERE c.relnamespace = 'pgswarm'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """)
        var tables: [String: [String]] = [:]
        for name in names where !left.contains(name) {
            tables[name] = try await caller.column(
                "SELECT x::text FROM pgswarm.\(identifier: name) x ORDER BY 1")
        }
        return Picture(tables: tables)
    }

    /// The names of the tables that differ from `other`.
    func differences(from other: Picture) -> [String] {
        Set(tables.keys).union(other.tables.keys).filter { tables[$0] != other.tables[$0] }.sorted()
    }
}
