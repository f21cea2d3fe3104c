public import ArgumentParser
public import PgSwarm

extension TaskID: ExpressibleByArgument {}
extension BreakerOutcome: ExpressibleByArgument {}
extension MessageID: ExpressibleByArgument {}

extension MailAddress: ExpressibleByArgument {
    /// Takes any text: the database decides what is an address.
    public init?(argument: String) {
        self.init(rawValue: argument)
    }
}

extension QueueName: ExpressibleByArgument {
    /// Takes any text: the database decides what a queue may be called.
    public init?(argument: String) {
        self.init(argument)
    }
}

extension TaskState: ExpressibleByArgument {
    /// Takes one of the known states.
    public init?(argument: String) {
        guard let state = TaskState.all.first(where: { $0.rawValue == argument }) else { return nil }
        self = state
    }

    /// The known states, for help, errors and completions.
    public static var allValueStrings: [String] { all.map(\.rawValue) }
}

extension AgentRole: ExpressibleByArgument {
    /// Takes one of the known roles.
    public init?(argument: String) {
        guard let role = AgentRole.all.first(where: { $0.rawValue == argument }) else { return nil }
        self = role
    }

    /// The known roles, for help, errors and completions.
    public static var allValueStrings: [String] { all.map(\.rawValue) }
}
