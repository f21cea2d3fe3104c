import Postgres

/// Reads what a server has used up, where it lets itself be read.
struct ServerMeter: Sendable {
    /// What was used between two readings; `nil` what could not be read.
    struct Use: Sendable {
        /// Seconds of processor time, of all processes of the server.
        let processorTime: Double?
        /// Bytes of the write-ahead log.
        let logBytes: Double?
    }

    private let processes: ServerProcesses?
    /// Whether the user may read the position of the log: not on a standby, and not everywhere that is
    /// managed.
    private let readsLog: Bool
    private let connection: Connection

    /// Prepares to read the server of a connection, which the meter keeps for itself.
    init(_ connection: Connection, database: String) async {
        self.connection = connection
        processes = ServerProcesses(backend: connection.processID, database: database)
        readsLog = await Self.logPosition(connection) != nil
    }

    /// What can't be read, for people.
    var gaps: [String] {
        (processes == nil
            ? ["the server's processor time can't be read: it is not on this machine, or out of sight"] : [])
            + (readsLog ? [] : ["the server's log position can't be read"])
    }

    var readsProcessorTime: Bool { processes != nil }

    /// What the server used while `body` ran, whoever made it work.
    func use<Answer: Sendable>(
        during body: () async throws -> Answer
    ) async throws -> (answer: Answer, use: Use) {
        let (time, log) = await reading()
        let answer = try await body()
        let (laterTime, laterLog) = await reading()
        return (
            answer,
            Use(processorTime: Self.difference(time, laterTime), logBytes: Self.difference(log, laterLog))
        )
    }

    private func reading() async -> (Double?, Double?) {
        let log = readsLog ? await Self.logPosition(connection) : nil
        return (processes?.processorTime, log)
    }

    private static func logPosition(_ connection: Connection) async -> Double? {
        try? await connection.run { db in try db.query(BenchSQL.logPosition)[0][0, as: Double.self] }
    }

    private static func difference(_ before: Double?, _ after: Double?) -> Double? {
        guard let before, let after else { return nil }
        return after - before
    }
}
