internal import CLibPQ

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

extension Connection {
    /// Connects to a server.
    ///
    /// - Parameters:
    ///   - options: Where the server is; see ``ConnectionOptions/connectTimeout`` too.
    ///   - deadline: When to give up in any case. Name resolution, which the system does, is not cut short.
    /// - Throws: ``PostgresError/connectFailed(_:)``, ``PostgresError/invalidOptions(_:)``,
    ///   ``PostgresError/deadlineExceeded`` or ``PostgresError/cancelled``.
    public static func connect(
        _ options: ConnectionOptions, deadline: ContinuousClock.Instant? = nil
    ) async throws(PostgresError) -> Connection {
        let parameters = try StartupParameters(options)
        let connection = Connection(thread: try ConnectionThread(), statementCache: options.statementCache)
        try await connection.run(deadline: deadline) { db throws(PostgresError) in
            do throws(PostgresError) {
                try db.open(parameters, options)
            } catch {
                db.disconnect("\(error)")
                throw error
            }
        }
        return connection
    }

    private func open(_ parameters: StartupParameters, _ options: ConnectionOptions) throws(PostgresError) {
        let isCancelled = interruption.beginStatement()
        defer { interruption.endStatement() }
        if isCancelled { throw .cancelled }
        let pointer = parameters.withArrays { PQconnectStartParams($0, $1, 0) }
        guard let pointer else { throw .connectFailed("out of memory") }
        let link = Link(owning: pointer, onNotice: options.onNotice)
        let timeout = options.connectTimeout * parameters.hostCount
        try establish(link, until: .now + timeout, timeout)
        guard PQsetnonblocking(pointer, 1) == 0 else { throw .connectFailed(link.errorMessage) }
        adopt(link)
    }

    private func establish(
        _ link: Link, until limit: ContinuousClock.Instant, _ timeout: Duration
    ) throws(PostgresError) {
        guard PQstatus(link.pointer) != CONNECTION_BAD else { throw .connectFailed(link.errorMessage) }
        var status = PGRES_POLLING_WRITING
        while status != PGRES_POLLING_OK {
            guard status != PGRES_POLLING_FAILED else { throw .connectFailed(link.errorMessage) }
            let events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT
            // libpq has a new socket for every host and every attempt; pollSocket asks for it anew.
            repeat {
                if interruption.isCancelled { throw .cancelled }
                if let deadline, deadline <= .now { throw .deadlineExceeded }
                if limit <= .now { throw .connectFailed("no answer within \(timeout)") }
            } while pollSocket(link, Int32(events), until: min(limit, deadline ?? limit)) == 0
            status = PQconnectPoll(link.pointer)
        }
    }
}
