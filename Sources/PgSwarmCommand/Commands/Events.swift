import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm events`: what has happened, and what happens.
struct EventsCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what has happened, or follow what happens.",
        discussion: """
            EXAMPLES
              pgswarm events --task 1042
              pgswarm events --follow --queue deploys --json
            """
    )

    @Flag(name: .shortAndLong, help: "Go on with new events until interrupted.")
    var follow = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("From this time on: a duration back, or RFC 3339.", valueName: "time"),
        transform: TimeArgument.parsePast)
    var since: PastMoment?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Only those of this task.", valueName: "id"))
    var task: TaskID?

    @Option(name: .shortAndLong, help: "Only those of this queue.")
    var queue: QueueName?

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp(
            "At most so many, the newest. Default: 50, or all with --since.", valueName: "number"))
    var limit: Int?

    @OptionGroup(title: "Common") var options: CommonOptions

    /// How often a follower looks.
    ///
    /// Events ring no bell: that would cost every writer.
    private static let interval: Duration = .milliseconds(500)
    /// How long a follower waits for one answer before it takes the connection for broken.
    private static let callLimit: Duration = .seconds(60)

    func validate() throws {
        // A follower may want nothing of what has been.
        if let limit, limit < (follow ? 0 : 1) {
            throw ValidationError("'\(limit)' is no number of events to show")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let output = EventOutput(context)
        guard follow else {
            let page = try await context.connect().events(matching: filter)
            page.isEmpty ? output.showNothing() : output.show(page)
            return .ok
        }
        var connection = try await context.connect(limit: Self.callLimit)
        var (page, cursor) = try await connection.beginFollowing(filter)
        var outage = Outage(context)
        while true {
            output.show(page)
            page = []
            do {
                try await Task.sleep(for: Self.interval)
                await connection.expire(at: .now + Self.callLimit)
                (page, cursor) = try await connection.follow(filter, from: cursor)
                outage.isOver()
            } catch {
                // The cursor stays where it is: nothing is missed.
                try await outage.wait(after: error)
                if let new = try? await context.connect(limit: Self.callLimit) { connection = new }
            }
        }
    }

    private var filter: EventFilter {
        var filter = EventFilter(task: task, queue: queue, limit: limit ?? (since == nil ? 50 : nil))
        switch since {
        case .date(let date): filter.since = date
        case .ago(let span): filter.span = span
        case nil: break
        }
        return filter
    }
}
