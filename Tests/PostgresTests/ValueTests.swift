import FoundationEssentials
import Postgres
import Testing

@Suite struct ValueTests {
    /// Sends values as parameters, alone, with NULL and in arrays, and compares what comes back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(_ values: [T]) async throws {
        let db = try await PrivateServer.shared().connect()
        for value in values {
            #expect(try await db.query("SELECT \(value)")[0][0, as: T.self] == value)
        }
        #expect(try await db.query("SELECT \(nil as T?)")[0][0, as: T?.self] == nil)
        #expect(try await db.query("SELECT \(values)")[0][0, as: [T].self] == values)
        let withNull = values.map(Optional.some) + [nil]
        #expect(try await db.query("SELECT \(withNull)")[0][0, as: [T?].self] == withNull)
        #expect(try await db.query("SELECT \([T]())")[0][0, as: [T].self].isEmpty)
        await db.close()
    }

    @Test func booleans() async throws { try await roundTrip([true, false]) }
    @Test func smallIntegers() async throws { try await roundTrip([0, 1, -1, Int16.min, Int16.max]) }
    @Test func integers() async throws { try await roundTrip([0, 1, -1, Int32.min, Int32.max]) }
    @Test func bigIntegers() async throws { try await roundTrip([0, 1, -1, Int64.min, Int64.max]) }
    @Test func plainIntegers() async throws { try await roundTrip([0, 1, -1, Int.min, Int.max]) }
    @Test func uuids() async throws { try await roundTrip([UUID(), UUID()]) }
    @Test func bytes() async throws { try await roundTrip([Bytes([]), Bytes(Array(0...255))]) }

    @Test func doubles() async throws {
        try await roundTrip([
            0, -0.0, 1.1, .pi, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ])
        let db = try await PrivateServer.shared().connect()
        #expect(try await db.query("SELECT \(Double.nan)")[0][0, as: Double.self].isNaN)
        #expect(try await db.query("SELECT 1.5::real")[0][0, as: Double.self] == 1.5)
        await db.close()
    }

    @Test func texts() async throws {
        try await roundTrip(["", "a", "'; DROP TABLE x; --", "äöü 🐘 \u{202E}", "\n\t\\\"{},NULL", "NULL"])
    }

    @Test func dates() async throws {
        let dates = [
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_700_000_000.123456),
            Date(timeIntervalSinceReferenceDate: -62_135_596_800),
            Date(timeIntervalSinceReferenceDate: .infinity), Date(timeIntervalSinceReferenceDate: -.infinity),
        ]
        try await roundTrip(dates)
        let db = try await PrivateServer.shared().connect()
        let rows = try await db.query(
            "SELECT '2024-02-29 12:34:56.789012+00'::timestamptz, \(Date(timeIntervalSince1970: 951_782_400))::text"
        )
        #expect(try rows[0][0, as: Date.self] == Date(timeIntervalSince1970: 1_709_210_096.789012))
        let text = try rows[0][1, as: String.self]
        #expect(text == "2000-02-29 00:00:00+00")
        #expect(try await db.query("SELECT \(Date(timeIntervalSince1970: 1e300)) = 'infinity'")[0][0, as: Bool.self])
        await db.close()
    }

    @Test func durations() async throws {
        let durations: [Duration] = [
            .zero, .microseconds(1), .microseconds(-1), .seconds(86_400 * 365), .milliseconds(-1_500),
            .microseconds(Int64.max), .microseconds(Int64.min),
        ]
        try await roundTrip(durations)
        let db = try await PrivateServer.shared().connect()
        let rows = try await db.query(
            "SELECT '1 day 02:00'::interval, \(Duration.nanoseconds(1_500))::text, \(Duration.seconds(Int64.max)) > '1 day'"
        )
        let (day, rounded, isLong) = try rows[0].decode((Duration, String, Bool).self)
        #expect(day == .seconds(26 * 3600) && rounded == "00:00:00.000002" && isLong)
        let error = try await postgresError {
            try await db.query("SELECT '1 month'::interval AS age")[0]["age", as: Duration.self]
        }
        #expect(error.decodingReason?.contains("months") == true)
        await db.close()
    }

    @Test func jsonDocuments() async throws {
        try await roundTrip([JSONText("null"), JSONText(#"{"a": [1, "ü", {}]}"#), JSONText("[]")])
        let db = try await PrivateServer.shared().connect()
        #expect(try await db.query("SELECT '{\"a\":1}'::json")[0][0, as: JSONText.self].text == #"{"a":1}"#)
        let error = try await postgresError { try await db.query("SELECT \(JSONText("{broken"))") }
        #expect(error.sqlState == "22P02")
        await db.close()
    }

    enum Colour: String, PostgresEncodable, PostgresDecodable { case red, blue }

    @Test func enumsAndRawRepresentables() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script("DROP TYPE IF EXISTS colour; CREATE TYPE colour AS ENUM ('red', 'blue', 'green')")
        #expect(try await db.query("SELECT \(Colour.blue)::text::colour")[0][0, as: Colour.self] == .blue)
        #expect(try await db.query("SELECT \([Colour.blue])::text[]")[0][0, as: [Colour].self] == [.blue])
        let error = try await postgresError {
            try await db.query("SELECT 'green'::colour AS shade")[0]["shade", as: Colour.self]
        }
        #expect(error.decodingReason?.contains("\"shade\"") == true)
        #expect(error.decodingReason?.contains("green") == true)
        #expect(try await db.query("SELECT current_user, 'x'::\"char\", 'y'::varchar")[0][1, as: String.self] == "x")
        await db.close()
    }

    @Test func decodingErrorsNameColumnTypeAndOID() async throws {
        let db = try await PrivateServer.shared().connect()
        let row = try await db.query(
            "SELECT 1::bigint AS id, NULL::text AS name, sum(x) AS total, 'hello world, how are you'::text AS words FROM generate_series(1, 2::bigint) x"
        )[0]
        func reason<T: PostgresDecodable>(_ column: String, as type: T.Type) -> String {
            do throws(PostgresError) {
                _ = try row[column, as: type]
                return "no error"
            } catch {
                return error.decodingReason ?? "another error"
            }
        }
        #expect(reason("id", as: Int32.self).contains("\"id\" (bigint, OID 20)"))
        #expect(reason("id", as: String.self).contains("cannot be read as String"))
        #expect(reason("name", as: String.self).contains("NULL is no String"))
        #expect(reason("total", as: Int.self).contains("OID 1700"))
        #expect(reason("words", as: [Int].self).contains("Array<Int>"))
        #expect(reason("nothing", as: Int.self).contains("only id, name, total, words"))
        #expect(throws: PostgresError.self) { try row[9, as: Int.self] }
        #expect(throws: PostgresError.self) { try row[-1, as: Int.self] }
        #expect(throws: PostgresError.self) { try row.decode((Int, String?, Int?, String, Int).self) }
        await db.close()
    }

    @Test func widensIntegersButNeverNarrows() async throws {
        let db = try await PrivateServer.shared().connect()
        let row = try await db.query("SELECT 7::smallint, 8::integer, 9::bigint")[0]
        #expect(try row.decode((Int, Int, Int).self) == (7, 8, 9))
        #expect(throws: PostgresError.self) { try row[1, as: Int16.self] }
        await db.close()
    }

    @Test func multidimensionalArraysAreRefused() async throws {
        let db = try await PrivateServer.shared().connect()
        let error = try await postgresError {
            try await db.query("SELECT '{{1,2},{3,4}}'::bigint[]")[0][0, as: [Int].self]
        }
        #expect(error.decodingReason != nil)
        await db.close()
    }
}
