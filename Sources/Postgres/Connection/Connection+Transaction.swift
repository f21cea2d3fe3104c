internal import CLibPQ

extension Connection {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// Inside another transaction it becomes a savepoint, so that only its own part is rolled back.
    ///
    /// - Throws: What `body` throws; the error of the commit; ``PostgresError/outcomeUnknown(_:)`` when
    ///   the connection was lost after the commit had been sent. A transaction that is overdue or
    ///   cancelled before that point is rolled back.
    public func transaction<T>(_ body: (isolated Connection) throws -> T) throws -> T {
        if isInTransaction { return try savepoint(body) }
        try control(.harmless, "BEGIN")
        let value: T
        do {
            value = try body(self)
        } catch {
            rollback()
            throw error
        }
        try commit()
        return value
    }

    private func savepoint<T>(_ body: (isolated Connection) throws -> T) throws -> T {
        try control(.harmless, "SAVEPOINT nested")
        let value: T
        do {
            value = try body(self)
        } catch {
            // Of the same name, the innermost savepoint is meant.
            _ = try? control(.rollback, "ROLLBACK TO SAVEPOINT nested")
            _ = try? control(.rollback, "RELEASE SAVEPOINT nested")
            throw error
        }
        try control(.harmless, "RELEASE SAVEPOINT nested")
        return value
    }

    private func commit() throws(PostgresError) {
        guard let link else { throw .connectionLost(lossReason) }
        if PQtransactionStatus(link.pointer) == PQTRANS_INERROR {
            rollback()
            throw Self.failedTransaction
        }
        do throws(PostgresError) {
            if interruption.isCancelled { throw .cancelled }
            if let deadline, deadline <= .now { throw .deadlineExceeded }
        } catch {
            rollback()
            throw error
        }
        if try control(.commit, "COMMIT") == "ROLLBACK" { throw Self.failedTransaction }
    }

    /// Ends the transaction without effect; if that fails, ends the session, which has the same result.
    func rollback() {
        guard isInTransaction else { return }
        do throws(PostgresError) {
            try control(.rollback, "ROLLBACK")
        } catch {
            disconnect("rolling back failed: \(error)")
        }
    }

    /// The body went on after an error of the server, which had already doomed the transaction.
    private static var failedTransaction: PostgresError {
        .server(
            ServerError(
                sqlState: .inFailedTransaction,
                message: "the transaction was rolled back because a statement in it had failed"
            )
        )
    }
}
