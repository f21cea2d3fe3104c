/// What an agent is for, for good.
///
/// The database decides by it who may do what; this library and the command ask it before they call, to save the way.
public struct AgentRole: RawRepresentable, Sendable, Hashable {
    /// The word the database uses.
    public let rawValue: String

    /// Names a role by the database's word.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Claims and settles tasks.
    public static let worker = AgentRole(rawValue: "worker")
    /// Plans and steers, and can not execute.
    public static let coordinator = AgentRole(rawValue: "coordinator")
    /// Judges what others made, and can not execute.
    public static let reviewer = AgentRole(rawValue: "reviewer")
    /// A person, who may do whatever the login may.
    public static let human = AgentRole(rawValue: "human")

    /// The roles that there are.
    public static let all: [AgentRole] = [.worker, .coordinator, .reviewer, .human]

    /// Reads the role from a credential that registration made, where it stands for whoever reads it.
    public init?(credential: String) {
        let parts = credential.split(separator: "_")
        guard parts.count == 3, parts[0] == "pgs", let role = Self.all.first(where: { $0.rawValue == parts[1] })
        else { return nil }
        self = role
    }

    /// Whether the role may do what belongs to a duty.
    public func may(_ duty: Duty) -> Bool {
        self == .human || duty.roles.contains(self)
    }

    /// Refuses what is not the role's.
    ///
    /// - Throws: `not_allowed`, as the database would.
    public func check(_ duty: Duty, of agent: AgentName) throws(SwarmError) {
        guard may(duty) else {
            let roles =
                duty.roles.isEmpty ? "people" : "the role " + duty.roles.map(\.rawValue).joined(separator: " or ")
            throw SwarmError(.notAllowed, "agent \"\(agent)\" is a \(rawValue): this is for \(roles)", hint: hint)
        }
    }

    private var hint: String {
        switch self {
        case .coordinator: "Plan and steer here; let another agent, of role worker, execute."
        case .reviewer: "Claim, judge and hand back reviews here; other work is for agents of other roles."
        default: "Ask the coordinator or a person for it."
        }
    }
}

/// What a call is part of, and so which roles may make it.
public struct Duty: Sendable, Hashable {
    /// The roles whose duty it is; a person may always, and where this is empty nobody else may.
    public let roles: [AgentRole]

    /// Doing the work: claiming and completing tasks, announcing effects, taking reservations.
    public static let executing = Duty(roles: [.worker])
    /// Keeping what is held, or giving it back: of a worker its tasks, of a reviewer its reviews.
    public static let holding = Duty(roles: [.worker, .reviewer])
    /// Judging what others have made.
    public static let judging = Duty(roles: [.reviewer])
    /// Bringing in new work and writing down problems and solutions.
    public static let proposing = Duty(roles: [.worker, .coordinator])
    /// Cancelling, retrying, pausing, planning.
    public static let steering = Duty(roles: [.coordinator])
    /// What only a person may do: settings, agents, forcing breakers, approving.
    public static let deciding = Duty(roles: [])
}
