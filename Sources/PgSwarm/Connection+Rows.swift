import Postgres

extension Connection {
    /// Calls a function of the protocol and reads its rows.
    ///
    /// - Parameter count: How many rows there must be, if that is known.
    func rows<Element>(
        _ sql: SQL, count: Int? = nil, _ read: (Row) throws(PostgresError) -> Element
    ) throws(SwarmError) -> [Element] {
        do throws(PostgresError) {
            let rows = try query(sql)
            var elements: [Element] = []
            elements.reserveCapacity(rows.count)
            for row in rows { elements.append(try read(row)) }
            guard count == nil || count == elements.count else {
                throw .decoding("\(elements.count) rows instead of \(count ?? 0)")
            }
            return elements
        } catch {
            throw SwarmError(error)
        }
    }

    /// Calls a function of the protocol that answers one row.
    func row<Element>(_ sql: SQL, _ read: (Row) throws(PostgresError) -> Element) throws(SwarmError)
        -> Element
    {
        guard let element = try rows(sql, count: 1, read).first else {
            throw SwarmError(.internal, "the database answered no row")
        }
        return element
    }

    /// A transaction whose error is already of the closed list.
    func transacted<Answer>(
        _ body: (isolated Connection) throws -> Answer
    ) throws(SwarmError) -> Answer {
        do {
            return try transaction(body)
        } catch {
            throw SwarmError(any: error)
        }
    }
}
