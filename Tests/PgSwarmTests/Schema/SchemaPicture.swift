import Postgres

/// Everything that makes up the schema `pgswarm`, in words that two databases can be compared by.
struct SchemaPicture: Equatable {
    var columns: [String]
    var functions: [String]
    var views: [String]
    var constraints: [String]
    var indexes: [String]
    var rights: [String]
    var files: [String]

    init(_ db: isolated Connection) throws {
        func list(_ sql: SQL) throws -> [String] {
            try db.query(sql).map { row throws in try row[0, as: String?.self] ?? "NULL" }
        }
        columns = try list(
            """
            SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
            FROM information_schema.columns WHERE table_schema = 'pgswarm' ORDER BY 1
            """)
        functions = try list(
            """
            SELECT pg_get_functiondef(p.oid) || p.proowner::regrole || coalesce(p.proacl::text, '')
            FROM pg_proc p WHERE p.pronamespace = 'pgswarm'::regnamespace ORDER BY 1
            """)
        views = try list(
            "SELECT viewname || definition FROM pg_views WHERE schemaname = 'pgswarm' ORDER BY 1")
        constraints = try list(
            """
            SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'pgswarm'::regnamespace ORDER BY 1
            """)
        indexes = try list("SELECT indexdef FROM pg_indexes WHERE schemaname = 'pgswarm' ORDER BY 1")
        rights = try list(
            """
            SELECT relname || ' ' || relowner::regrole || ' ' || coalesce(relacl::text, '')
            FROM pg_class WHERE relnamespace = 'pgswarm'::regnamespace ORDER BY 1
            """)
        files = try list(
            "SELECT concat_ws(' ', name, version, checksum, repeatable, tool_version) FROM pgswarm.migration ORDER BY 1"
        )
    }
}
