/// Why running work has to stop before it is finished.
public enum StopReason: String, Sendable, Hashable {
    /// The lease is over, or so nearly that another may soon hold the task.
    case lost
    /// Somebody cancelled the task.
    case cancel
    /// The worker ends and hands the task back.
    case drain
}
