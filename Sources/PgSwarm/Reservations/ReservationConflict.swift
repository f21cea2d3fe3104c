public import FoundationEssentials
import Postgres

/// Somebody whose reservation, or whose place in line, overlaps what was asked for.
public struct ReservationConflict: Sendable, Hashable, Decodable {
    /// Who it is.
    public var agent: String?
    /// The task under which it is reserved.
    public var taskID: String?
    /// `path`, or the kind of another resource.
    public var kind: String?
    /// What they have, in its normal form.
    public var pattern: String?
    /// How they have it.
    public var mode: String?
    /// Until when, unless they extend it.
    public var until: Date?
    /// True when they don't have it yet but came first.
    public var isWaiting: Bool?
    /// A warning that concerns nobody else.
    public var message: String?

    private enum CodingKeys: String, CodingKey {
        case agent, kind, pattern, mode, until, message
        case taskID = "task_id"
        case isWaiting = "waiting"
    }

    static func list(_ json: JSONText) throws(PostgresError) -> [ReservationConflict] {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            return try decoder.decode([ReservationConflict].self, from: Data(json.text.utf8))
        } catch {
            throw .decoding("conflicts of a reservation: \(error)")
        }
    }
}
