import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm claim`: takes tasks, or says why there are none.
struct ClaimCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Take tasks to work on, or hear why there are none.",
        discussion: """
            The handle in the answer is the key to the task: renew, progress, complete, fail and release \
            take it.

            EXAMPLES
              pgswarm claim thumbnails --json
              pgswarm claim reviews merges --wait 5m --lease 30m
            """
    )

    @Argument(help: "The queues, all of equal right.")
    var queues: [QueueName] = []

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("At most so many tasks.", valueName: "number"))
    var count = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Wait so long for a task to come.", valueName: "duration"),
        transform: DurationArgument.parse)
    var wait: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long the grant lasts unless renewed.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration?

    @Option(help: ArgumentHelp("A repetition with the same id gets the same tasks.", valueName: "id"))
    var requestID: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Take this task and no other; its queue need not be named.", valueName: "id"))
    var task: TaskID?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard task != nil || !queues.isEmpty else {
            throw ValidationError("name a queue, or a task with --task")
        }
        guard task == nil || (count == 1 && wait == nil) else {
            throw ValidationError("--task goes without --count and --wait")
        }
        guard count > 0 else { throw ValidationError("'\(count)' is no number of tasks to claim") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let queues = queues.withoutRepetitions
        let start = ContinuousClock.now
        let end = start + (wait ?? .zero)
        var connection = try await context.connect(limit: .seconds(60))
        let caller = try await context.caller(on: connection)
        var tasks: [ClaimedTask]
        if let task {
            tasks = [
                try await connection.claim(
                    task: task, session: caller.session, agent: caller.agent, lease: lease,
                    requestID: requestID)
            ]
        } else {
            // Whoever waits long enough to lose an answer must be able to ask for it again.
            let requestID = requestID ?? (wait == nil ? nil : UUID().uuidString)
            let request = ClaimRequest(queues, count: count, lease: lease, requestID: requestID)
            tasks = try await connection.claim(request, session: caller.session, agent: caller.agent)
            if tasks.isEmpty, wait != nil {
                await connection.close()
                tasks = try await claim(request, until: end, in: context)
                if tasks.isEmpty { connection = try await context.connect() }
            }
        }
        guard tasks.isEmpty else {
            ClaimOutput(context).show(tasks)
            return .ok
        }
        // The claim itself has made those that were not there.
        let known = try await connection.known(among: queues, before: start)
        let reasons = try await connection.whyEmpty(queues, session: caller.session, agent: caller.agent)
        if let refusal = reasons.first(where: { $0.reason == "agent_breaker" }) {
            throw CommandFailure(
                "breaker_open", refusal.message,
                hint: refusal.retryAt.map { "Claim again after \(Timestamp.format($0))." }
                    ?? "Somebody has to reset it: pgswarm breaker reset agent:NAME")
        }
        ClaimOutput(context).show(reasons, known: known)
        return .nothingToDo
    }

    /// Waits for work.
    ///
    /// This takes a listener, which a claim that finds something at once need not pay for. An outage of the database
    /// is part of the wait.
    private func claim(
        _ request: ClaimRequest, until end: ContinuousClock.Instant, in context: CommandContext
    ) async throws -> [ClaimedTask] {
        let swarm = try context.swarm(
            at: try context.address(), kind: .bare, logger: Logs.logger("pgswarm.claim"), repeats: false)
        var outage = Outage(context, until: end)
        while true {
            do {
                return try await swarm.claim(
                    request.queues, count: request.count, lease: request.lease, requestID: request.requestID,
                    wait: max(.zero, end - .now))
            } catch {
                try await outage.wait(after: error)
            }
        }
    }
}
