import Postgres

/// A clock of the database that a test can move, so that no test has to wait.
enum DatabaseClock {
    /// Replaces the schema's clock, through which all its functions read the time.
    static func install(_ connection: isolated Connection) throws {
        let clock = try connection.query("SELECT to_regprocedure('pgswarm.clock()') IS NOT NULL")
        guard try clock.first?[0, as: Bool.self] == true else { return }
        try connection.script(
            """
            CREATE SCHEMA pgswarm_test;
            CREATE TABLE pgswarm_test.clock (ahead interval NOT NULL);
            INSERT INTO pgswarm_test.clock VALUES ('0');
            -- The clock is read with the rights of whoever calls it.
            GRANT USAGE ON SCHEMA pgswarm_test TO PUBLIC;
            GRANT SELECT ON pgswarm_test.clock TO PUBLIC;
            CREATE OR REPLACE FUNCTION pgswarm.clock() RETURNS timestamptz LANGUAGE sql VOLATILE
                AS 'SELECT clock_timestamp() + (SELECT ahead FROM pgswarm_test.clock)';
            """)
    }
}

extension TestDatabase {
    /// Moves the database's clock forward, or back for a negative duration; several moves add up.
    ///
    /// A move is seen by the statements that begin after it.
    public func moveClock(by duration: Duration) async throws {
        _ = try await pool.withConnection { connection in
            try connection.execute("UPDATE pgswarm_test.clock SET ahead = ahead + \(duration)")
        }
    }
}
