import Postgres
import TestSupport
import Testing

/// The databases that tests get.
@Suite(.timeLimit(.minutes(5))) struct TestDatabaseTests {
    @Test(.database, arguments: 0..<20) func `Each case has a database of its own`(number: Int) async throws {
        let database = try TestDatabase.current
        let found = try await database.pool.withConnection { connection in
            try connection.execute("CREATE TABLE mine AS SELECT \(number) AS number")
            return try connection.query("SELECT number, current_database() FROM mine").map { row in
                (try row[0, as: Int.self], try row[1, as: String.self])
            }
        }
        #expect(found.map(\.0) == [number])
        #expect(found.map(\.1) == [database.name])
    }

    @Test(.emptyDatabase) func `An empty database has no schema of ours`() async throws {
        let connection = try await TestDatabase.current.connect()
        let found = try await connection.query("SELECT 1 FROM pg_namespace WHERE nspname = 'pgswarm'")
        #expect(found.isEmpty)
        await connection.close()
    }

    @Test func `Without the trait there is no database`() {
        #expect(throws: (any Error).self) { try TestDatabase.current }
    }

    @Test(.database) func `The clock can be moved forward and back`() async throws {
        let database = try TestDatabase.current
        func difference() async throws -> Double? {
            try await database.pool.withConnection { connection in
                try connection.query(
                    "SELECT extract(epoch FROM pgswarm.clock() - clock_timestamp())::float8"
                ).first?[0, as: Double.self]
            }
        }
        try await database.moveClock(by: .seconds(900))
        try await database.moveClock(by: .milliseconds(-500))
        let ahead = try #require(try await difference())
        #expect(abs(ahead - 899.5) < 0.1)
    }
}
