public import FoundationEssentials
import Postgres

/// The answer to a request: everything that was asked for is yours, or nothing and why.
public struct Reservation: Sendable {
    /// One name that was asked for.
    public struct Item: Sendable {
        /// `path`, or the kind of another resource.
        public var kind: String
        /// The name in its normal form.
        public var pattern: String
        /// Who has it, or waits for it longer.
        public var blockers: [ReservationConflict]
        /// What is no reason to refuse, but to talk.
        public var warnings: [ReservationConflict]
    }

    /// Whether all of it was granted.
    public var isGranted: Bool
    /// What was asked for, in that order.
    public var items: [Item]
    /// What to extend and free it with: the task's handle, or one of its own.
    ///
    /// A secret of its holder.
    public var handle: String?
    /// Grows with each grant in the namespace.
    public var epoch: Int64?
    /// The same as a number for the outside world, which grows over a failover too.
    public var fence: Int64?
    /// When it ends unless it is extended, or its task renewed.
    public var until: Date?
    /// How long that is from now, by the database's clock.
    public var duration: Duration?
    /// The place in line of a refused request with a ticket, counted from 1.
    public var place: Int?

    /// Who is in the way of any of the items.
    public var blockers: [ReservationConflict] { items.flatMap(\.blockers) }

    init(_ rows: [Row]) throws(PostgresError) {
        guard let first = rows.first else { throw .decoding("a reservation without a name") }
        items = []
        for row in rows {
            items.append(
                Item(
                    kind: try row[0, as: String.self], pattern: try row[1, as: String.self],
                    blockers: try ReservationConflict.list(try row[3, as: JSONText.self]),
                    warnings: try ReservationConflict.list(try row[4, as: JSONText.self])))
        }
        isGranted = try first[2, as: Bool.self]
        handle = try first[5, as: String?.self]
        epoch = try first[6, as: Int64?.self]
        fence = try first[7, as: Int64?.self]
        until = try first[8, as: Date?.self]
        duration = try first[9, as: Double?.self].map { .seconds($0) }
        place = try first[10, as: Int?.self]
    }
}

/// An extension of a reservation.
public struct ReservationExtension: Sendable {
    /// When it ends now.
    public var until: Date
    /// How long that is from now, by the database's clock.
    public var duration: Duration
    /// How many names it covers.
    public var count: Int
    /// Others who have said that they mean to touch the same.
    public var warnings: [ReservationConflict]

    init(_ row: Row) throws(PostgresError) {
        until = try row[0, as: Date.self]
        duration = .seconds(try row[1, as: Double.self])
        count = try row[2, as: Int.self]
        warnings = try ReservationConflict.list(try row[3, as: JSONText.self])
    }
}
