import Postgres
import Testing

@Suite struct SQLTests {
    @Test func interpolatedValuesBecomeParameters() {
        let name = "'; DROP TABLE x; --"
        let sql: SQL = "SELECT \(1), \(name) FROM \(identifier: "odd\"name") \(raw: "LIMIT 1") OFFSET \(nil as Int?)"
        #expect(sql.text == #"SELECT $1, $2 FROM "odd""name" LIMIT 1 OFFSET $3"#)
        #expect(sql.bindings.map(\.type) == [.int8, .text, .int8])
        #expect(sql.bindings.map(\.bytes) == [[0, 0, 0, 0, 0, 0, 0, 1], Array(name.utf8), nil])
    }

    @Test func bindingsCanBeGivenApartAndReplaced() {
        var sql = SQL("SELECT $1, $2", [true, "x"])
        #expect(sql.bindings == [PostgresValue(true), PostgresValue("x")])
        sql.bindings = [PostgresValue(type: .text, bytes: nil), PostgresValue("")]
        #expect(sql.bindings.map(\.bytes) == [nil, []])
        #expect(SQL(unsafe: "SELECT 1").bindings.isEmpty)
    }
}
