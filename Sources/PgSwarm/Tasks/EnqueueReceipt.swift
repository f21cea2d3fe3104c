/// The answer to an enqueued task.
public struct EnqueueReceipt: Sendable, Hashable {
    /// The task.
    public var id: TaskID
    /// Whether this call created it; `false` when a task with the same key was there.
    public var created: Bool
}
