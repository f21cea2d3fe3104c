import Postgres

/// What the migrator says to the database beside the files.
enum MigrationsSQL {
    /// Migrators take turns under this number, which nothing else uses: "pgswarm" in ASCII.
    private static let lock: Int64 = 0x70_67_73_77_61_72_6d

    /// Waits for other migrators, and gives up rather than stand in everybody's way: a statement that waits for a lock
    /// on a table holds up all who come after it.
    static func begin(lockTimeout: Duration) -> String {
        let milliseconds = max(1, Int(lockTimeout.inSeconds * 1000))
        return """
            SET LOCAL lock_timeout = '\(milliseconds)ms';
            SET LOCAL client_min_messages = warning;
            SELECT pg_advisory_xact_lock(\(lock));
            """
    }

    /// The migrator's own table, made before the first file.
    static let bookkeeping = """
        CREATE SCHEMA IF NOT EXISTS pgswarm;
        CREATE TABLE IF NOT EXISTS pgswarm.migration (
            name          text         PRIMARY KEY,
            version       integer      NOT NULL,
            checksum      text         NOT NULL,
            repeatable    boolean      NOT NULL,
            applied_at    timestamptz  NOT NULL DEFAULT clock_timestamp(),
            applied_by    text         NOT NULL DEFAULT session_user,
            tool_version  text         NOT NULL
        );
        COMMENT ON TABLE pgswarm.migration IS 'The files that made this schema.';
        """

    /// Ends a file: the role it took is given back, and the table goes to the owner of everything else as soon as
    /// there is one, so that any member of it may migrate the next time.
    static let handOver = """
        RESET ROLE;
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM pg_catalog.pg_class c
                       WHERE c.oid = 'pgswarm.migration'::regclass AND c.relowner <> coalesce(
                           (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'pgswarm_owner'), c.relowner))
            THEN
                ALTER TABLE pgswarm.migration OWNER TO pgswarm_owner;
            END IF;
        END
        $$;
        """

    /// Notes that a file was applied.
    static func note(_ file: Migration, toolVersion: String) -> String {
        """
        INSERT INTO pgswarm.migration (name, version, checksum, repeatable, tool_version)
        VALUES (\(quoted(file.name)), \(file.version), \(quoted(file.checksum)), \(file.isRepeatable), \
        \(quoted(toolVersion)))
        ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at,
            applied_by = excluded.applied_by, tool_version = excluded.tool_version;
        """
    }

    /// Forgets repeatable files that the program no longer has.
    static func forget(allRepeatableBut names: [String]) -> String {
        """
        DELETE FROM pgswarm.migration
        WHERE repeatable AND name <> ALL (ARRAY[\(names.map(quoted).joined(separator: ", "))]::text[]);
        """
    }

    static let applied: SQL = """
        SELECT name, version, checksum, repeatable, applied_at, applied_by, tool_version
        FROM pgswarm.migration ORDER BY repeatable, version, name
        """

    static let version: SQL = "SELECT pgswarm.schema_version()"

    /// A text as an SQL literal, for the script that people apply themselves.
    private static func quoted(_ text: String) -> String {
        var literal = "'"
        for character in text.unicodeScalars {
            if character == "'" { literal.unicodeScalars.append(character) }
            literal.unicodeScalars.append(character)
        }
        return literal + "'"
    }
}
