public import ArgumentParser
public import PgSwarm

extension TaskID: ExpressibleByArgument {}
extension BreakerOutcome: ExpressibleByArgument {}

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
