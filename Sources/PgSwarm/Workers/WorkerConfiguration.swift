public import Logging

/// How a worker works.
///
/// The defaults suit handlers that take from milliseconds to hours.
public struct WorkerConfiguration: Sendable {
    /// How many handlers run at once.
    public var concurrency: Int
    /// How many tasks one call claims and settles at most.
    public var batch: Int
    /// How many tasks are claimed beyond those that run, so that quick handlers needn't wait for the database.
    ///
    /// `nil`: as many as run, while handlers take less than five milliseconds; otherwise none, because a task that
    /// waits in one worker can't be taken by another.
    public var prefetch: Int?
    /// How long a grant lasts without renewal; `nil`: as the queue says.
    ///
    /// The worker renews at every third of it.
    public var lease: Duration?
    /// How often an idle worker looks by itself, should every notification be lost.
    ///
    /// Jittered downwards.
    public var pollInterval: Duration
    /// How long running work may take to finish once the worker has been asked to end.
    public var grace: Duration
    /// Whether the worker ends when its queues hold nothing that could still come to it.
    public var untilEmpty: Bool
    /// How many calls that settle and claim may be under way at once.
    public var calls: Int
    /// Where the worker tells what is out of the ordinary.
    public var logger: Logger

    /// Creates a configuration.
    public init(
        concurrency: Int = 4, batch: Int = 100, prefetch: Int? = nil, lease: Duration? = nil,
        pollInterval: Duration = .seconds(1), grace: Duration = .seconds(30), untilEmpty: Bool = false,
        calls: Int = 2, logger: Logger = Logger(label: "pgswarm.worker")
    ) {
        self.concurrency = concurrency
        self.batch = batch
        self.prefetch = prefetch
        self.lease = lease
        self.pollInterval = pollInterval
        self.grace = grace
        self.untilEmpty = untilEmpty
        self.calls = calls
        self.logger = logger
    }
}

extension WorkerConfiguration {
    /// Refuses what could not work, before the first call.
    func validate() throws(SwarmError) {
        let limits: [(name: String, value: Int, range: ClosedRange<Int>)] = [
            ("concurrency", concurrency, 1...10_000), ("batch", batch, 1...1000),
            ("prefetch", prefetch ?? 0, 0...10_000), ("calls", calls, 1...4),
        ]
        for limit in limits where !limit.range.contains(limit.value) {
            throw SwarmError(
                .invalidArgument, "\(limit.name) is \(limit.value)",
                hint: "Choose a number from \(limit.range.lowerBound) to \(limit.range.upperBound).")
        }
        guard lease ?? .seconds(1) > .zero, pollInterval >= .milliseconds(10), grace >= .zero else {
            throw SwarmError(
                .invalidArgument,
                "a lease must be positive, a poll interval at least 10 ms, a grace time not negative")
        }
    }
}
