import Postgres

/// What can be paused, drained, stopped and resumed.
public enum ControlTarget: Sendable, Hashable {
    /// Everything.
    case swarm
    /// A queue.
    case queue(QueueName)
    /// All sessions of an agent.
    case agent(AgentName)
    /// One task.
    case task(TaskID)

    /// The database's word.
    var text: String {
        switch self {
        case .swarm: "swarm"
        case .queue(let queue): "queue:\(queue.rawValue)"
        case .agent(let agent): "agent:\(agent.rawValue)"
        case .task(let task): "task:\(task)"
        }
    }
}

/// How a herd is held or let go.
public enum ControlAction: String, Sendable {
    /// What is held goes on; nothing more is claimed.
    case pause
    /// As pause, but holders hear `drain`: finish and end.
    case drain
    /// What is held is taken back, at no cost to the tasks; nothing more is claimed.
    case stop
    /// Goes on, step by step.
    case resume
}

/// What an action did.
public struct ControlAnswer: Sendable {
    /// Whether it was not so before.
    public var changed: Bool
    /// How many tasks were taken from their holders.
    public var takenBack: Int

    init(_ row: Row) throws(PostgresError) {
        changed = try row[0, as: Bool?.self] ?? false
        takenBack = try row[1, as: Int?.self] ?? 0
    }
}
