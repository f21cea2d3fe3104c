/// What a claim asks for.
public struct ClaimRequest: Sendable, Hashable {
    /// The queues, all of equal right.
    public var queues: [QueueName]
    /// At most so many tasks.
    public var count: Int
    /// How long each grant lasts unless it is renewed; the queue's setting when absent.
    public var lease: Duration?
    /// A repetition with the same id gets the same tasks.
    public var requestID: String?

    /// Asks for tasks.
    public init(_ queues: [QueueName], count: Int = 1, lease: Duration? = nil, requestID: String? = nil) {
        self.queues = queues
        self.count = count
        self.lease = lease
        self.requestID = requestID
    }
}
