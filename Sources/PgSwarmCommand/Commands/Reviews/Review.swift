import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm review`: judging what others have done.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Judge results, and answer what was found.",
        discussion: """
            Scores: 5 nothing found, 4 minor, 3 should be fixed, 2 significant defects, 1 broken or unsafe. Nobody judges \
            their own work, nor that of their line; only registered reviewers and people judge at all.

            EXAMPLES
              pgswarm review policy build mode=peers reviewers=2
              pgswarm review next build --json
              pgswarm review submit $HANDLE --digest $DIGEST --score 5 --summary 'tests pass, read all of it'
              pgswarm review answer $HANDLE 12 fixed
            """,
        subcommands: [
            ReviewNext.self, ReviewSubmit.self, ReviewList.self, ReviewAnswer.self, ReviewPolicy.self, ReviewRisk.self,
        ],
        defaultSubcommand: ReviewList.self
    )
}

/// `pgswarm review list`: what is to be judged, and by whom.
struct ReviewList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List reviews that are wanted or under way.",
        discussion: """
            Says also why nobody can do a review.

            EXAMPLE
              pgswarm review list build
            """
    )

    @Argument(help: "Only of this queue.")
    var queue: QueueName?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let reviews = try await context.connect().openReviews(queue)
        if context.json {
            for review in reviews { context.console.json(review.json) }
        } else if reviews.isEmpty {
            context.console.line("no reviews are wanted")
        } else {
            context.console.lines(table(reviews).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ reviews: [ReviewInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("REVIEW"), .right("TASK"), .flexible("QUEUE"), .right("ROUND"), .left("SINCE"), .flexible("BY"),
            .flexible("TITLE"),
        ])
        for review in reviews {
            let by: Table.Cell =
                if let agent = review.agent {
                    Table.Cell(agent)
                } else if let why = review.why {
                    Table.Cell(why, .warning)
                } else {
                    Table.Cell("\((review.able ?? 0).counted("reviewer")) may", .quiet)
                }
            table.add([
                Table.Cell("\(review.review)", .heading), Table.Cell("\(review.taskID)"), Table.Cell("\(review.queue)"),
                Table.Cell("\(review.round)"), Table.Cell(Elapsed.relative(review.createdAt, to: now)), by,
                Table.Cell(review.title),
            ])
        }
        return table
    }
}

extension ReviewInfo {
    /// The review as `review list --json` shows it.
    fileprivate var json: JSON {
        [
            "review": .string("\(review)"), "task_id": .string("\(taskID)"), "queue": .string("\(queue)"),
            "title": JSON(title), "round": JSON(round), "agent": JSON(agent), "lease_until": JSON(leaseUntil),
            "able": JSON(able), "why": JSON(why), "created_at": JSON(createdAt),
        ]
    }
}
