public import FoundationEssentials

/// One run of an agent on one host.
///
/// Its leases live as long as the session is beaten.
public struct Session: Sendable {
    /// What keeps a session alive.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        /// The word the database uses.
        public let rawValue: String

        /// Names a kind by the database's word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// A program beats for it: expires soon after the program has died.
        public static let runtime = Kind(rawValue: "runtime")
        /// Nobody beats for it: every call renews it, and it lasts longer without one.
        public static let bare = Kind(rawValue: "bare")
        /// A coordinator's, which claims no tasks.
        public static let coordinator = Kind(rawValue: "coordinator")
        /// Opened and kept alive by another process that handed its token on; known only here.
        public static let joined = Kind(rawValue: "joined")
    }

    /// What the database answers to a beat.
    public struct Status: RawRepresentable, Sendable, Hashable {
        /// The word the database uses.
        public let rawValue: String

        /// Names a status by the database's word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Alive.
        public static let ok = Status(rawValue: "ok")
        /// Finish what is held, claim nothing more.
        public static let drain = Status(rawValue: "drain")
        /// Expired or taken over: its leases are void.
        public static let lost = Status(rawValue: "lost")
    }

    /// The secret that proves the session to the database.
    public var token: UUID
    /// Its number, for people and logs.
    public var id: Int64
    /// Whose run it is.
    public var agent: AgentName
    /// Which run of the agent it is.
    public var incarnation: Int
    /// How long it lives without a beat.
    public var ttl: Duration
    /// When it ends on the database's clock, unless it is beaten.
    public var expiresAt: Date
    /// What keeps it alive.
    public var kind: Kind

    /// The session of another process, for example of the sidecar that started this one.
    ///
    /// Nothing is known of it but the token.
    static func joined(_ token: UUID, agent: AgentName) -> Session {
        Session(
            token: token, id: 0, agent: agent, incarnation: 0, ttl: .seconds(60), expiresAt: .distantFuture,
            kind: .joined)
    }
}
