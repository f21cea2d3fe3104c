import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm review next`: takes reviews.
struct ReviewNext: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "next",
        abstract: "Take the next results to judge.",
        discussion: """
            The answer has all that is needed to judge, a handle to renew or release the review, and the digest that goes \
            back with the verdict. Code 3: there is nothing that you may judge; 'review list' says why.

            EXAMPLE
              pgswarm review next build --agent critic --json
            """
    )

    @Argument(help: "Only of these queues.")
    var queues: [QueueName] = []

    @Option(
        name: .shortAndLong, parsing: .unconditional, help: ArgumentHelp("At most so many.", valueName: "number"))
    var count = 1

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How long the grant lasts unless renewed.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration?

    @Option(help: ArgumentHelp("A repetition with the same id gets the same reviews.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard (1...100).contains(count) else {
            throw ValidationError("'\(count)' is no number of reviews, from 1 to 100")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let reviews = try await connection.nextReviews(
            queues.isEmpty ? nil : queues, count: count, lease: lease, requestID: requestID, agent: caller.agent,
            session: caller.session)
        if context.json {
            context.console.json(["reviews": .array(reviews.map(\.json))])
        } else if reviews.isEmpty {
            context.console.line("nothing that you may judge; see: pgswarm review list")
        } else {
            for review in reviews { show(review, in: context) }
        }
        return reviews.isEmpty ? .nothingToDo : .ok
    }

    private func show(_ review: ReviewAssignment, in context: CommandContext) {
        let console = context.console
        console.line("review \(review.review) of task \(review.taskID) in \("\(review.queue)".printable)")
        var fields = Fields()
        fields.add("handle", review.handle.text)
        fields.add("digest", review.digest)
        fields.add("lease", Elapsed.due(review.leaseUntil, at: Date()))
        fields.add("title", review.title)
        fields.add("goal", review.goal)
        fields.add("criteria", review.criteria?.text)
        fields.add("paths", review.paths.isEmpty ? nil : review.paths.joined(separator: ", "))
        fields.add("payload", review.payload.text)
        fields.add("result", review.result?.text)
        fields.add("contracts", review.contracts?.text)
        fields.add("artifacts", review.artifacts?.text)
        fields.add("evidence", review.evidence?.text)
        fields.add("findings", review.findings?.text)
        fields.add("round", "\(review.round)" + (review.rounds.map { " of \($0)" } ?? ""))
        console.lines(fields.render(style: console.style, indent: 2))
    }
}

extension ReviewAssignment {
    /// The review as `review next --json` shows it.
    fileprivate var json: JSON {
        [
            "review": .string("\(review)"), "handle": .string(handle.text), "lease_until": JSON(leaseUntil),
            "task_id": .string("\(taskID)"), "submission": .string("\(submission)"), "digest": .string(digest),
            "queue": .string("\(queue)"), "kind": JSON(kind), "title": JSON(title), "payload": .raw(payload.text),
            "result": JSON(result), "goal": JSON(goal), "criteria": JSON(criteria), "paths": JSON(paths),
            "contracts": JSON(contracts), "artifacts": JSON(artifacts), "evidence": JSON(evidence),
            "findings": JSON(findings), "round": JSON(round), "rounds": JSON(rounds),
        ]
    }
}
