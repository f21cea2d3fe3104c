public import Postgres

/// An effect outside the database, announced before it is done and confirmed afterwards.
public struct Effect: Sendable {
    /// What is known of it.
    public struct State: RawRepresentable, Sendable, Hashable {
        /// The word the database uses.
        public let rawValue: String

        /// Names a state by the database's word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Announced now for the first time: do it.
        public static let new = State(rawValue: "new")
        /// Announced before and never confirmed: find out whether it happened.
        public static let unconfirmed = State(rawValue: "unconfirmed")
        /// It happened: don't do it again.
        public static let confirmed = State(rawValue: "confirmed")
    }

    /// Which effect of the task it is.
    public var key: String
    /// What is known of it.
    public var state: State
    /// What was announced.
    public var detail: JSONText?
    /// What was confirmed.
    public var result: JSONText?
    /// The grant under which it was announced.
    public var epoch: Int

    init(key: String, _ row: Row) throws(PostgresError) {
        self.key = key
        state = State(rawValue: try row[0, as: String.self])
        detail = try row[1, as: JSONText?.self]
        result = try row[2, as: JSONText?.self]
        epoch = try row[3, as: Int.self]
    }
}
