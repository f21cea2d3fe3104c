public import FoundationEssentials
import Postgres

/// An agent as an onlooker sees it.
public struct AgentInfo: Sendable {
    /// Its name.
    public var agent: AgentName
    /// Its current run.
    public var incarnation: Int
    /// How many of its sessions live.
    public var liveSessions: Int
    /// How many tasks it holds.
    public var running: Int
    /// When it was heard of last.
    public var lastSeen: Date?
    /// When it was retired, if it was.
    public var retiredAt: Date?
    /// Whether it has to show a credential.
    public var hasCredential: Bool
    /// Since when it is to finish what it holds and claim nothing more, if it is.
    public var drainingSince: Date?
    /// Who took its place when it was retired.
    public var successor: AgentName?
    /// What it is for; `nil` for a name that is not registered.
    public var role: AgentRole?
    /// Who answers for it.
    public var owner: String?
    /// What it runs on: `family/version`.
    public var model: String?
    /// What it can do.
    public var capabilities: [String]
    /// Which agent it got its credential from, if that was not proven a person.
    public var mintedBy: AgentName?
    /// When its credential ends.
    public var expiresAt: Date?

    init(_ row: Row) throws(PostgresError) {
        agent = try row[0, as: AgentName.self]
        incarnation = try row[1, as: Int.self]
        liveSessions = try row[2, as: Int?.self] ?? 0
        running = try row[3, as: Int?.self] ?? 0
        lastSeen = try row[4, as: Date?.self]
        retiredAt = try row[5, as: Date?.self]
        hasCredential = try row[6, as: Bool.self]
        drainingSince = try row[7, as: Date?.self]
        successor = try row[8, as: AgentName?.self]
        role = try row[9, as: AgentRole?.self]
        owner = try row[10, as: String?.self]
        model = try row[11, as: String?.self]
        capabilities = try row[12, as: [String].self]
        mintedBy = try row[13, as: AgentName?.self]
        expiresAt = try row[14, as: Date?.self]
    }
}
