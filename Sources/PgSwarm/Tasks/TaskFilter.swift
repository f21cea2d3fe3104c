/// Which tasks a list shows, newest first.
public struct TaskFilter: Sendable {
    /// Only those of this queue.
    public var queue: QueueName?
    /// Only those in one of these states; any when empty.
    public var states: [TaskState]
    /// At most so many.
    public var limit: Int
    /// Only tasks older than this one: pass the last id of a page to get the next.
    public var before: TaskID?

    /// Creates a filter.
    public init(queue: QueueName? = nil, states: [TaskState] = [], limit: Int = 50, before: TaskID? = nil) {
        self.queue = queue
        self.states = states
        self.limit = limit
        self.before = before
    }
}
