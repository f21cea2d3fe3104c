internal import Metrics

/// The counters and timers of one ``Swarm``.
///
/// Names begin with `pgswarm_`.
struct SwarmMetrics: Sendable {
    private let factory: any MetricsFactory

    init(factory: (any MetricsFactory)?) {
        self.factory = factory ?? MetricsSystem.factory
    }

    /// Tasks that were created, by queue.
    func enqueued(_ count: Int, queue: QueueName) {
        guard count > 0 else { return }
        Counter(label: "pgswarm_enqueued", dimensions: [("queue", queue.rawValue)], factory: factory)
            .increment(by: count)
    }

    /// Tasks that were granted, by queue.
    func claimed(_ tasks: [ClaimedTask]) {
        for (queue, tasks) in Dictionary(grouping: tasks, by: \.queue) {
            Counter(label: "pgswarm_claimed", dimensions: [("queue", queue.rawValue)], factory: factory)
                .increment(by: tasks.count)
        }
    }

    /// Attempts that were settled, by verb and by what became of them.
    func settled(_ verdicts: [(handle: Handle, verdict: Verdict)], _ answers: [Settlement]) {
        var counts: [[String]: Int] = [:]
        for (item, answer) in zip(verdicts, answers) {
            counts[[item.verdict.verb, answer.code.rawValue], default: 0] += 1
        }
        for (key, count) in counts {
            Counter(
                label: "pgswarm_settled", dimensions: [("verb", key[0]), ("code", key[1])], factory: factory
            )
            .increment(by: count)
        }
        lost(answers.count { $0.code == .lostClaim })
    }

    /// Leases that turned out to be superseded.
    func lost(_ count: Int) {
        guard count > 0 else { return }
        Counter(label: "pgswarm_lost", factory: factory).increment(by: count)
    }

    /// A call that is repeated because the database could not be reached or undid it.
    func retried(_ verb: Verb) {
        Counter(label: "pgswarm_retries", dimensions: [("verb", verb.rawValue)], factory: factory).increment()
    }

    /// How many items left together.
    func grouped(_ verb: Verb, _ count: Int) {
        Recorder(label: "pgswarm_batch_size", dimensions: [("verb", verb.rawValue)], factory: factory).record(
            count)
    }

    /// How long a call took, repetitions included, and how it ended.
    func called(_ verb: Verb, _ duration: Duration, error: SwarmError?) {
        let dimensions = [("verb", verb.rawValue), ("code", error?.code.rawValue ?? "ok")]
        Timer(label: "pgswarm_call_duration", dimensions: dimensions, factory: factory)
            .recordNanoseconds(
                duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
