internal import CLibPQ

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

extension Connection {
    /// Sends something and waits for the answer; everything that a connection does goes through here.
    ///
    /// - Parameters:
    ///   - send: Hands the request to libpq; returns 0 if libpq does not take it.
    ///   - receive: Reads results until there are none.
    func exchange<R>(
        _ kind: Exchange.Kind, _ text: String,
        send: (OpaquePointer) -> Int32,
        receive: (isolated Connection, inout Exchange) throws(PostgresError) -> R
    ) throws(PostgresError) -> R {
        let link = try begin(kind)
        defer { interruption.endStatement() }
        var exchange = Exchange(kind, text, isAutocommit: link.isIdle, limit: limit(for: kind))
        guard send(link.pointer) != 0 else {
            // Half a pipeline cannot be taken back.
            if link.isBroken || PQpipelineStatus(link.pointer) != PQ_PIPELINE_OFF {
                throw lost(exchange, link.errorMessage)
            }
            throw .server(ServerError(sqlState: .tooManyArguments, message: link.errorMessage))
        }
        exchange.isSent = true
        try flush(link, &exchange)
        let answer = try receive(self, &exchange)
        try finish(link, &exchange)
        return answer
    }

    private func begin(_ kind: Exchange.Kind) throws(PostgresError) -> Link {
        let isCancelled = interruption.beginStatement()
        do throws(PostgresError) {
            guard let link else { throw .connectionLost(lossReason) }
            if kind == .statement || kind == .harmless {
                if isCancelled { throw .cancelled }
                if let deadline, deadline <= .now { throw .deadlineExceeded }
            }
            // What is sent to a server that has gone has an unknown outcome; better to look first.
            if lastAnswer.duration(to: .now) > .milliseconds(100) { try checkAlive() }
            link.forgetNotices()
            return link
        } catch {
            interruption.endStatement()
            throw error
        }
    }

    private func limit(for kind: Exchange.Kind) -> ContinuousClock.Instant? {
        switch kind {
        case .statement, .harmless: deadline
        case .commit: deadline.map { $0 + Exchange.grace }
        case .rollback: .now + Exchange.grace
        }
    }

    private func flush(_ link: Link, _ exchange: inout Exchange) throws(PostgresError) {
        while true {
            switch PQflush(link.pointer) {
            case 0: return
            case 1:
                // Reading too: the server may be unable to read on before it has written.
                let ready = try wait(POLLIN | POLLOUT, link, &exchange)
                if ready & POLLIN != 0, PQconsumeInput(link.pointer) == 0 {
                    throw lost(exchange, link.errorMessage)
                }
            default: throw lost(exchange, link.errorMessage)
            }
        }
    }

    /// The next result, or nil when the statement has no more.
    func nextResult(_ exchange: inout Exchange) throws(PostgresError) -> OpaquePointer? {
        guard let link else { throw lost(exchange, lossReason) }
        while PQisBusy(link.pointer) != 0 {
            _ = try wait(POLLIN, link, &exchange)
            if PQconsumeInput(link.pointer) == 0 { throw lost(exchange, link.errorMessage) }
        }
        return PQgetResult(link.pointer)
    }

    /// Reads the results of one statement until there are none, and returns the last that is no error.
    func collect(_ exchange: inout Exchange) throws(PostgresError) -> Rows? {
        var rows: Rows?
        while let result = try nextResult(&exchange) {
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                rows = Rows(owning: result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw lost(exchange, Link.copyIsUnsupported)
            default:
                defer { PQclear(result) }
                try note(errorOf: result, &exchange)
            }
        }
        return rows
    }

    /// Remembers an error of the server; one that libpq made up itself means that the session is over.
    func note(errorOf result: OpaquePointer, _ exchange: inout Exchange) throws(PostgresError) {
        if let error = ServerError(result: result, statement: exchange.text) {
            // A FATAL error that follows an ordinary one is what matters.
            if exchange.error == nil || error.endsSession { exchange.error = error }
        } else {
            let message = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            throw lost(exchange, Link.oneLine(message))
        }
    }

    /// Makes sure that the connection is free for the next statement, and throws what went wrong.
    private func finish(_ link: Link, _ exchange: inout Exchange) throws(PostgresError) {
        lastAnswer = .now
        awaitCancelRequest(link, &exchange)
        if let error = exchange.error {
            if error.endsSession || link.isBroken { throw lost(exchange, error.description) }
            if let cause = exchange.cause, error.sqlState == .queryCanceled { throw cause }
            throw .server(error)
        }
        if link.isReplicationWaitGivenUp && exchange.mayHaveCommitted {
            throw .outcomeUnknown("committed by this server, but perhaps not by its standby")
        }
    }

    /// Gives up the connection.
    func lost(_ exchange: Exchange, _ reason: String) -> PostgresError {
        let reason = exchange.error.flatMap { $0.endsSession ? $0.description : nil } ?? reason
        disconnect(reason)
        if exchange.mayHaveCommitted { return .outcomeUnknown(reason) }
        return exchange.cause ?? .connectionLost(reason)
    }

    /// Notices that the server has gone, as far as the operating system knows, without waiting.
    func checkAlive() throws(PostgresError) {
        guard let link else { throw .connectionLost(lossReason) }
        while pollSocket(link, POLLIN, until: .now) != 0 { try consumeWhileIdle(link) }
    }
}
