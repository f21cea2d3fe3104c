import Postgres

import struct FoundationEssentials.UUID

/// What a reservation's taker is answered.
struct Taken: Sendable {
    let granted: Bool
    let handle: String?
    let epoch: Int?
    let place: Int?
    /// Of the first thing that is in the way: who, and what they have.
    let blocker: String?
    let warnings: Int
}

extension Caller {
    /// Reserves in the namespace "repo".
    @discardableResult
    func take(
        _ patterns: String..., mode: String = "exclusive", resources: [String] = [], handle: String? = nil,
        lease: Duration? = nil, ticket: UUID? = nil, request: String? = nil, session: UUID? = nil
    ) async throws -> Taken {
        let rows = try await rows(
            """
            SELECT granted, reservation, epoch, place,
                   (blockers -> 0 ->> 'agent') || ' ' || (blockers -> 0 ->> 'pattern')
                   || CASE WHEN (blockers -> 0 ->> 'waiting')::boolean THEN ' waiting' ELSE '' END,
                   jsonb_array_length(warnings)
            FROM pgswarm.reserve_take('repo', \(patterns), \(mode), \(resources), \(lease), \(handle), \(ticket),
                                      \(request), \(session == nil ? agent : nil), \(session))
            ORDER BY jsonb_array_length(blockers) DESC, ord
            """)
        let row = rows[0]
        return Taken(
            granted: try row[0, as: Bool.self], handle: try row[1, as: String?.self], epoch: try row[2, as: Int?.self],
            place: try row[3, as: Int?.self], blocker: try row[4, as: String?.self], warnings: try row[5, as: Int.self])
    }

    /// Extends a reservation.
    func extend(_ handle: String?, lease: Duration? = nil) async throws {
        try await rows("SELECT pgswarm.reserve_extend(\(handle), \(lease))")
    }

    /// Frees a reservation; answers how many names it still has.
    @discardableResult
    func free(_ handle: String?, _ patterns: String...) async throws -> Int {
        try await value("SELECT remaining FROM pgswarm.reserve_free(\(handle), \(patterns))")
    }

    /// The patterns that are reserved now.
    func reserved() async throws -> [String] {
        try await column("SELECT pattern FROM pgswarm.reservations ORDER BY 1")
    }
}
