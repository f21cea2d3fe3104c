/// What a listener has heard.
enum WakeUp: Sendable, Equatable {
    /// There may be work: a notification came, or may have been missed.
    case work
    /// A task that was running has been cancelled.
    case cancelled(TaskID)
    /// Notifications arrive from now on.
    case listening
    /// Notifications don't arrive; only the poll finds work.
    case interrupted
}
