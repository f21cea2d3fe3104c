import ArgumentParser
import Logging
import PgSwarm
import Postgres
import ServiceLifecycle

/// `pgswarm work`: a worker that runs a command for each task.
struct WorkCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run a command for each task of some queues.",
        usage: "pgswarm work <queue> ... [<options>] -- <command> ...",
        discussion: """
            The command finds the payload on standard input and PGSWARM_TASK_ID, PGSWARM_HANDLE, PGSWARM_FENCE, … in \
            its environment. Exit 0 completes the task, exit 75 releases it for a while, any other exit fails it. The \
            result is all of its standard output if that is JSON, else the last line that is JSON (a line further up \
            only if it is an object or an array), else all of it as a text. The lease is kept meanwhile; when it is \
            lost or the task is cancelled, the command is killed with all its children.

            A first SIGTERM, SIGINT or SIGHUP lets running commands finish, a second one hands their tasks back.

            EXAMPLES
              pgswarm work thumbnails --concurrency 8 -- ./thumbnail.sh
              pgswarm work words --until-empty -- sh -c 'wc -c'
              pgswarm work build --check 'make test' -- ./build.sh
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The queues, an earlier one is emptied first; and behind -- what to run for each task.",
            valueName: "queue"
        ))
    var words: [String]

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("Commands at once.", valueName: "number"))
    var concurrency = 4

    @Flag(help: "End when the queues hold nothing more that could come to this worker.")
    var untilEmpty = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long running commands may take to finish after a signal. Default: 30s.", valueName: "duration"),
        transform: DurationArgument.parse)
    var grace: Duration = .seconds(30)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long a grant lasts without a renewal. Default: as the queue says.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How often to look without having been woken. Default: 1s.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var poll: Duration = .seconds(1)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Tasks claimed and settled in one call, at most.", valueName: "number"))
    var batch = 100

    @Option(
        help: ArgumentHelp(
            "Run this in a shell after the command has succeeded, with the result on its standard input; it is put down as "
                + "evidence, and unless it succeeds the attempt fails.", valueName: "command"))
    var check: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    /// What stands behind `--`.
    ///
    /// The parser allows one list of words, so the border is looked up here.
    private var command: [String] {
        Array(CommandLine.arguments.drop { $0 != "--" }.dropFirst())
    }

    private var queues: [QueueName] {
        words.dropLast(command.count).map { QueueName($0) }.withoutRepetitions
    }

    func validate() throws {
        guard !queues.isEmpty else { throw ValidationError("name a queue") }
        guard !command.isEmpty else {
            throw ValidationError("no command: write -- and the command behind the queues")
        }
        guard concurrency > 0 else {
            throw ValidationError("'\(concurrency)' is no number of commands to run at once")
        }
        guard batch > 0 else { throw ValidationError("'\(batch)' is no number of tasks") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await context.checkSchema()
        let address = try context.address()
        let logger = Logs.logger("pgswarm.worker")
        let swarm = try context.swarm(at: address, kind: .runtime, logger: logger)
        let looking = try context.lookout(at: address, logger: logger)
        let output = WorkOutput(context, looking: looking)
        let handler = ReportedHandler(
            handler: try CommandHandler(
                command, check: check, databaseURL: try context.databaseURL(),
                environment: context.identityForChildren(),
                logger: logger),
            output: output)
        let configuration = WorkerConfiguration(
            concurrency: concurrency, batch: batch, lease: lease, pollInterval: poll, grace: grace,
            untilEmpty: untilEmpty, logger: logger)
        let worker = try Worker(swarm, queues: queues, configuration: configuration, handler: handler)

        output.begin(queues, concurrency: concurrency, untilEmpty: untilEmpty)
        async let shown: Void = output.follow(worker.events())
        let waits = WaitNotice(swarm: looking, queues: queues, output: output)
        async let _: Void = untilEmpty ? waits.watch() : ()
        let services = Services(logger: logger)
        try await services.run(swarm: swarm, worker, onSecondSignal: { worker.handBack() })
        await shown
        await looking.close()
        output.summarise(worker.report)
        return .ok
    }
}
