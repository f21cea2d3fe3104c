import Postgres
import Testing

@Suite struct ConnectionTests {
    @Test func answersAQuery() async throws {
        let db = try await PrivateServer.shared().connect()
        let rows = try await db.query("SELECT \(40) + 2 AS answer, \("text")::text")
        #expect(try rows[0]["answer", as: Int.self] == 42)
        #expect(try rows[0].decode((Int, String).self) == (42, "text"))
        await db.close()
    }

    @Test func poolLends() async throws {
        let pool = ConnectionPool(try await PrivateServer.shared().options())
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<50 {
                group.addTask {
                    try await pool.withConnection { db in
                        try db.query("SELECT \(index)")[0][0, as: Int.self]
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 1225)
        await pool.close()
    }
}
