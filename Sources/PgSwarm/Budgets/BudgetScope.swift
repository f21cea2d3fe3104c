/// Whose use a budget limits.
public enum BudgetScope: Sendable, Hashable, CustomStringConvertible {
    /// All tasks.
    case swarm
    /// The tasks of a queue.
    case queue(QueueName)
    /// The tasks of a plan.
    case plan(String)
    /// One task, with all its attempts.
    case task(TaskID)

    /// The scope as it is written: `swarm`, `queue:NAME`, `plan:NAME` or `task:ID`.
    public var description: String {
        switch self {
        case .swarm: "swarm"
        case .queue(let name): "queue:\(name.rawValue)"
        case .plan(let name): "plan:\(name)"
        case .task(let id): "task:\(id)"
        }
    }
}
