internal import CLibPQ

/// One row of an answer.
public struct Row: Sendable {
    let rows: Rows
    let index: Int32

    /// The number of columns.
    public var count: Int { Int(PQnfields(rows.result)) }

    /// The value of a column by its position.
    ///
    /// - Throws: ``PostgresError/decoding(_:)``, which names the column and its type.
    public subscript<T: PostgresDecodable>(_ column: Int, as type: T.Type) -> T {
        get throws(PostgresError) {
            guard column >= 0, column < count else {
                throw .decoding("there is no column \(column), the answer has \(count)")
            }
            return try decode(T.self, at: Int32(column))
        }
    }

    /// The value of a column by its name.
    ///
    /// - Throws: ``PostgresError/decoding(_:)``, which names the column and its type.
    public subscript<T: PostgresDecodable>(_ column: String, as type: T.Type) -> T {
        get throws(PostgresError) {
            guard let index = rows.columnIndex(column) else {
                let names = rows.columns.map(\.name).joined(separator: ", ")
                throw .decoding("there is no column \(column), only \(names)")
            }
            return try decode(T.self, at: index)
        }
    }

    /// The values of the first columns, in order: `let (id, name) = try row.decode((Int, String).self)`.
    ///
    /// - Throws: ``PostgresError/decoding(_:)``, which names the column and its type.
    public func decode<each T: PostgresDecodable>(
        _ types: (repeat each T).Type
    ) throws(PostgresError) -> (repeat each T) {
        var column = 0
        func next<U: PostgresDecodable>(_ type: U.Type) throws(PostgresError) -> U {
            defer { column += 1 }
            return try self[column, as: type]
        }
        return (repeat try next((each T).self))
    }

    private func decode<T: PostgresDecodable>(_ type: T.Type, at column: Int32) throws(PostgresError) -> T {
        guard index >= 0, index < rows.count else {
            throw .decoding("there is no row \(index), the answer has \(rows.count)")
        }
        do throws(PostgresError) {
            if PQgetisnull(rows.result, index, column) != 0 {
                guard let null = T.null else { throw .decoding("NULL is no \(T.self)") }
                return null
            }
            let bytes = UnsafeRawBufferPointer(
                start: PQgetvalue(rows.result, index, column),
                count: Int(PQgetlength(rows.result, index, column))
            )
            return try T(from: bytes, type: rows.columnType(column))
        } catch {
            throw located(error, column: column)
        }
    }

    private func located(_ error: PostgresError, column: Int32) -> PostgresError {
        guard case .decoding(let reason) = error else { return error }
        let type = rows.columnType(column)
        return .decoding(
            "column \(column) \"\(rows.columnName(column))\" (\(type), OID \(type.rawValue)): \(reason)"
        )
    }
}
