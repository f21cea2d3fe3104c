import FoundationEssentials
import Postgres

extension ClaimedTask {
    /// Reads the columns of ``ClaimSQL/columns``, which begin at `first`.
    init(_ row: Row, from first: Int = 0) throws(PostgresError) {
        id = try row[first, as: TaskID.self]
        handle = try Handle(trusting: try row[first + 1, as: String.self])
        epoch = try row[first + 2, as: Int.self]
        fence = try row[first + 3, as: Int64.self]
        attempt = try row[first + 4, as: Int.self]
        maxAttempts = try row[first + 5, as: Int.self]
        queue = try row[first + 6, as: QueueName.self]
        kind = try row[first + 7, as: String?.self]
        title = try row[first + 8, as: String?.self]
        payload = try row[first + 9, as: JSONText.self]
        priority = try row[first + 10, as: Int.self]
        leaseUntil = try row[first + 11, as: Date.self]
        leaseDuration = .seconds(try row[first + 12, as: Double.self])
        deadline = try row[first + 13, as: Date?.self]
        createdAt = try row[first + 14, as: Date.self]
        trace = try row[first + 15, as: String?.self]
        parent = try row[first + 16, as: TaskID?.self]
        needs = try row[first + 17, as: [String]?.self] ?? []
        checkpoint = try row[first + 18, as: JSONText?.self]
        history = try row[first + 19, as: JSONText?.self]
        effects = try row[first + 20, as: JSONText?.self]
        lateResults = try row[first + 21, as: JSONText?.self]
        problems = try row[first + 22, as: JSONText?.self]
        unread = try row[first + 23, as: Int?.self] ?? 0
        brief = try row[first + 24, as: JSONText?.self]
    }
}

extension Handle {
    /// Reads a handle that the database wrote; a malformed one means that the schema is not the one expected.
    init(trusting text: String) throws(PostgresError) {
        do throws(SwarmError) {
            self = try Handle(text)
        } catch {
            throw .decoding(error.message)
        }
    }
}
