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
    @inlinable
    public subscript<T: PostgresDecodable>(_ column: Int, as type: T.Type) -> T {
        get throws(PostgresError) {
            // Compiled where it is called, for the type that is asked for: looking a generic type up at run time costs
            // more than reading the value.
            let (bytes, columnType) = try field(column)
            do throws(PostgresError) {
                if let bytes { return try T(from: bytes, type: columnType) }
                guard let null = T.null else { throw .decoding("NULL is no \(T.self)") }
                return null
            } catch {
                throw located(error, column: column)
            }
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
            return try self[Int(index), as: type]
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

    /// The bytes of a column, none for NULL, and its type.
    @usableFromInline
    func field(_ column: Int) throws(PostgresError) -> (bytes: UnsafeRawBufferPointer?, type: PostgresType) {
        guard column >= 0, column < count else {
            throw .decoding("there is no column \(column), the answer has \(count)")
        }
        guard index >= 0, index < rows.count else {
            throw .decoding("there is no row \(index), the answer has \(rows.count)")
        }
        let number = Int32(column)
        let type = rows.columnType(number)
        guard PQgetisnull(rows.result, index, number) == 0 else { return (nil, type) }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(rows.result, index, number), count: Int(PQgetlength(rows.result, index, number)))
        return (bytes, type)
    }

    @usableFromInline
    func located(_ error: PostgresError, column: Int) -> PostgresError {
        guard case .decoding(let reason) = error else { return error }
        let number = Int32(column)
        let type = rows.columnType(number)
        return .decoding(
            "column \(column) \"\(rows.columnName(number))\" (\(type), OID \(type.rawValue)): \(reason)")
    }
}
