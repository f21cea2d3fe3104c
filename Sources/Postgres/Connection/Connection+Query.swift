internal import CLibPQ

extension Connection {
    /// Runs a statement and returns its rows.
    ///
    /// Parameters and rows travel in binary form. A statement that comes again is prepared, unless
    /// ``ConnectionOptions/statementCache`` is off.
    public func query(_ sql: SQL) throws(PostgresError) -> Rows {
        let isRepeatable = link?.isIdle ?? false
        do throws(PostgresError) {
            return try perform(sql)
        } catch {
            guard case .server(let reason) = error, reason.isStaleStatement else { throw error }
            // A table has changed, or somebody has discarded the session's statements. The statement
            // did nothing, so outside a transaction it can simply be run again.
            forgetStatements()
            guard isRepeatable else { throw error }
            return try perform(sql)
        }
    }

    /// Runs a statement and returns how many rows it selected, inserted, updated or deleted.
    @discardableResult
    public func execute(_ sql: SQL) throws(PostgresError) -> Int {
        try query(sql).affected
    }

    /// Runs several statements, separated by semicolons, as one transaction unless they say otherwise.
    ///
    /// They are sent as they are: for migrations, never for text that came from outside.
    public func script(_ text: String) throws(PostgresError) {
        try checkText(text)
        _ = try exchange(.statement, text) { link in
            PQsendQuery(link, text)
        } receive: { db, exchange throws(PostgresError) in
            try db.collect(&exchange)
        }
    }

    private func perform(_ sql: SQL) throws(PostgresError) -> Rows {
        let plan = statements.plan(for: sql)
        if case .prepare(let name) = plan {
            try prepare(sql, as: name)
            return try perform(sql)
        }
        if case .direct = plan { try checkText(sql.text) }
        let rows = try exchange(.statement, sql.text) { link in
            send(sql, by: plan, to: link)
        } receive: { db, exchange throws(PostgresError) in
            try db.collect(&exchange)
        }
        guard let rows else { throw .decoding("the server sent no answer for: \(sql.text)") }
        return rows
    }

    private func prepare(_ sql: SQL, as name: String) throws(PostgresError) {
        _ = try exchange(.harmless, sql.text) { link in
            sendPreparation(of: sql, as: name, to: link)
        } receive: { db, exchange throws(PostgresError) in
            try db.collect(&exchange)
        }
        statements.didPrepare(sql, as: name)
    }

    func sendPreparation(of sql: SQL, as name: String, to link: OpaquePointer) -> Int32 {
        let types = sql.parameters.types.map(\.rawValue)
        return PQsendPrepare(link, name, sql.text, Int32(clamping: types.count), types)
    }

    func send(_ sql: SQL, by plan: StatementCache.Plan, to link: OpaquePointer) -> Int32 {
        let count = Int32(clamping: sql.parameters.count)
        return sql.parameters.withPointers { values, lengths, formats in
            switch plan {
            case .execute(let name), .prepare(let name):
                return PQsendQueryPrepared(link, name, count, values, lengths, formats, binaryFormat)
            case .direct:
                let types = sql.parameters.types.map(\.rawValue)
                return PQsendQueryParams(
                    link, sql.text, count, types, values, lengths, formats, binaryFormat
                )
            }
        }
    }

    /// Drops all prepared statements, here and, if that is possible now, in the session.
    func forgetStatements() {
        statements.forgetAll()
        if link?.isIdle ?? false { _ = try? control(.harmless, "DEALLOCATE ALL") }
    }

    /// Runs one of the statements by which the client itself steers the session.
    ///
    /// - Returns: What the server says it did: for a `COMMIT` of a failed transaction, `ROLLBACK`.
    @discardableResult
    func control(_ kind: Exchange.Kind, _ text: String) throws(PostgresError) -> String {
        let rows = try exchange(kind, text) { link in
            PQsendQuery(link, text)
        } receive: { db, exchange throws(PostgresError) in
            try db.collect(&exchange)
        }
        return rows?.command ?? ""
    }

    /// libpq takes C strings: without this a statement would silently end at a NUL.
    func checkText(_ text: String) throws(PostgresError) {
        if text.utf8.contains(0) {
            throw .server(ServerError(sqlState: .syntaxError, message: "the statement contains a NUL character"))
        }
    }
}
