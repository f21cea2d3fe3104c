import ArgumentParser
import FoundationEssentials
import PgSwarm

/// The options of a task that is being enqueued.
struct TaskOptions: ParsableArguments {
    @Option(help: "One line for people.")
    var title: String?

    @Option(help: "What sort of work it is.")
    var kind: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Lower goes first; 0 by default.", valueName: "number"))
    var priority: Int?

    @Option(
        help: ArgumentHelp("Not before this time, RFC 3339.", valueName: "time"),
        transform: TimeArgument.parse)
    var at: Date?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Not before so much time has passed.", valueName: "duration"),
        transform: DurationArgument.parse)
    var delay: Duration?

    @Option(help: "Enqueue at most once: the same key gives the same task, with another body it is refused.")
    var key: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Dead after so many failed attempts.", valueName: "number"))
    var maxAttempts: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long one grant lasts unless renewed.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The hard limit of one attempt. A longer one has failed; a worker stops it a tenth earlier, at most 2s.",
            valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var deadline: Duration?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Blocked until this task is accepted; repeatable. ID:finished: completed is enough; ID:score=4: with so much; "
                + "ID:cancel, ID:continue: what to do if it ends without success.", valueName: "id"),
        transform: EdgeArgument.parse)
    var after: [TaskEdge] = []

    @Option(
        help: ArgumentHelp("What the work depends on outside the swarm; repeatable.", valueName: "dependency")
    )
    var needs: [String] = []

    @Option(help: ArgumentHelp("A W3C traceparent.", valueName: "traceparent"))
    var trace: String?

    @Option(
        help: ArgumentHelp("Enqueue as the holder of a task: refused when it was lost.", valueName: "handle"))
    var parent: String?

    func validate() throws {
        guard at == nil || delay == nil else {
            throw ValidationError("give either --at or --delay, not both")
        }
        if let maxAttempts, maxAttempts < 1 {
            throw ValidationError("'\(maxAttempts)' is no number of attempts")
        }
    }

    /// A draft with these options and an empty payload.
    func draft(for queue: QueueName) throws -> TaskDraft {
        var draft = TaskDraft(queue: queue)
        draft.title = title
        draft.kind = kind
        draft.priority = priority
        draft.at = at
        draft.delay = delay
        draft.key = key
        draft.maxAttempts = maxAttempts
        draft.lease = lease
        draft.deadline = deadline
        draft.after = after
        draft.needs = needs
        draft.trace = trace
        return draft
    }

    /// The handle of `--parent`.
    func parentHandle() throws -> Handle? {
        try parent.map { try Handle($0) }
    }
}
