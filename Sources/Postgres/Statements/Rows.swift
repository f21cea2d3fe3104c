internal import CLibPQ

/// The answer to a statement: its rows, decoded only when they are read.
///
/// The memory stays libpq's until the last ``Rows`` or ``Row`` that refers to it is gone.
public final class Rows: Sendable {
    /// libpq allows any number of threads to read a finished result, and nothing here changes it
    /// until `deinit`, when no other reference can exist.
    nonisolated(unsafe) let result: OpaquePointer

    /// The number of rows.
    public let count: Int

    /// Takes over a finished result.
    init(owning result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit {
        PQclear(result)
    }

    /// A column of an answer.
    public struct Column: Sendable, Hashable {
        /// The name, as the server wrote it; names need not be unique.
        public let name: String
        /// The type of its values.
        public let type: PostgresType
    }

    /// The columns, in order.
    public var columns: [Column] {
        (0..<PQnfields(result)).map { Column(name: columnName($0), type: columnType($0)) }
    }

    /// The number of rows that the statement selected, inserted, updated or deleted; 0 for others.
    public var affected: Int {
        PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// What the server says it did, for example `INSERT 0 1`.
    var command: String {
        PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    /// The position of the first column with exactly this name.
    func columnIndex(_ name: String) -> Int32? {
        name.withCString { name in
            (0..<PQnfields(result)).first { column in
                var lhs = name
                guard var rhs = PQfname(result, column).map({ UnsafePointer($0) }) else { return false }
                while lhs.pointee == rhs.pointee {
                    if lhs.pointee == 0 { return true }
                    lhs += 1
                    rhs += 1
                }
                return false
            }
        }
    }

    func columnName(_ column: Int32) -> String {
        PQfname(result, column).map { String(cString: $0) } ?? "?"
    }

    func columnType(_ column: Int32) -> PostgresType {
        PostgresType(rawValue: PQftype(result, column))
    }
}

extension Rows: RandomAccessCollection {
    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { count }

    /// The row at a position.
    ///
    /// How many rows come is the server's doing, so a position beyond them is no programming error that
    /// ends the process: reading a value of such a row throws ``PostgresError/decoding(_:)``.
    public subscript(position: Int) -> Row {
        Row(rows: self, index: Int32(clamping: position))
    }
}
