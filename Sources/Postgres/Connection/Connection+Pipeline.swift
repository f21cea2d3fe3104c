internal import CLibPQ

extension Connection {
    /// Sends several statements at once and waits once for all their answers.
    ///
    /// Outside a transaction they are one: either all of them take effect or none. So the results are
    /// all successes or all failures; the statement that failed has its own error, the others have
    /// ``SQLState/inFailedTransaction``.
    ///
    /// - Throws: What concerns the connection, as ``query(_:)`` does.
    public func pipeline(
        _ statements: [SQL]
    ) throws(PostgresError) -> [Result<Rows, PostgresError>] {
        if statements.isEmpty { return [] }
        for statement in statements { try checkText(statement.text) }
        let isRepeatable = link?.isIdle ?? false
        let results = try performPipeline(statements)
        let isStale = results.contains { result in
            if case .failure(.server(let error)) = result { error.isStaleStatement } else { false }
        }
        guard isStale else { return results }
        forgetStatements()
        return isRepeatable ? try performPipeline(statements) : results
    }

    private func performPipeline(
        _ batch: [SQL]
    ) throws(PostgresError) -> [Result<Rows, PostgresError>] {
        var replies: [PipelineReply] = []
        let outcome = try exchange(.statement, "a pipeline of \(batch.count) statements") { link in
            sendPipeline(batch, to: link, expecting: &replies)
        } receive: { db, exchange throws(PostgresError) in
            try db.receivePipeline(batch, replies, &exchange)
        }
        guard let failure = outcome.failure else {
            return outcome.rows.compactMap { $0.map { .success($0) } }
        }
        // What was to be prepared may not have been.
        for case .preparation(let index) in replies { statements.didNotPrepare(batch[index]) }
        return batch.indices.map { .failure(failure.error(for: $0)) }
    }

    /// Hands the whole batch to libpq; 0 if it does not take it.
    private func sendPipeline(
        _ batch: [SQL], to link: OpaquePointer, expecting replies: inout [PipelineReply]
    ) -> Int32 {
        guard PQenterPipelineMode(link) != 0 else { return 0 }
        for (index, sql) in batch.enumerated() {
            let plan = statements.plan(for: sql)
            if case .prepare(let name) = plan {
                guard sendPreparation(of: sql, as: name, to: link) != 0 else { return 0 }
                statements.didPrepare(sql, as: name)
                replies.append(.preparation(index))
            }
            guard send(sql, by: plan, to: link) != 0 else { return 0 }
            replies.append(.statement(index))
        }
        return PQpipelineSync(link)
    }

    private func receivePipeline(
        _ batch: [SQL], _ replies: [PipelineReply], _ exchange: inout Exchange
    ) throws(PostgresError) -> PipelineOutcome {
        var outcome = PipelineOutcome(count: batch.count)
        for reply in replies {
            while let result = try nextResult(&exchange) {
                try read(result, of: reply.index, batch[reply.index].text, into: &outcome, &exchange)
            }
        }
        // The commit can fail too, with a deferred constraint; its error stands before the sync.
        var isSynchronised = false
        while !isSynchronised {
            guard let result = try nextResult(&exchange) else {
                if link?.isBroken ?? true { throw lost(exchange, lossReason) }
                continue
            }
            isSynchronised = PQresultStatus(result) == PGRES_PIPELINE_SYNC
            try read(result, of: nil, exchange.text, into: &outcome, &exchange)
        }
        guard let link, PQexitPipelineMode(link.pointer) != 0 else {
            throw lost(exchange, "the pipeline did not end")
        }
        return outcome
    }

    private func read(
        _ result: OpaquePointer, of index: Int?, _ text: String, into outcome: inout PipelineOutcome,
        _ exchange: inout Exchange
    ) throws(PostgresError) {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            let rows = Rows(owning: result)
            if let index { outcome.rows[index] = rows }
        case PGRES_FATAL_ERROR:
            defer { PQclear(result) }
            try note(errorOf: result, &exchange)
            guard var error = exchange.error, !error.endsSession else { return }
            error.statement = text
            exchange.error = nil
            let isOurs = error.sqlState == .queryCanceled
            outcome.fail(at: index, with: isOurs ? exchange.cause ?? .server(error) : .server(error))
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            PQclear(result)
            throw lost(exchange, Link.copyIsUnsupported)
        default:  // the sync, or the mark of a statement that the server skipped
            PQclear(result)
        }
    }
}
