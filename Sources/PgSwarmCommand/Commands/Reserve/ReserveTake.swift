import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm reserve take`: all of it, or nothing and who is in the way.
struct ReserveTake: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "take",
        abstract: "Reserve paths and other things, all or none; exit 4 when somebody is in the way.",
        discussion: """
            Under a task (--handle, or inside 'pgswarm work') it lasts as long as the task is held. Else it lasts for \
            --for, and the handle that is printed extends and frees it.

            EXAMPLES
              pgswarm reserve take 'src/api/**' docs/api.md --for 30m
              pgswarm reserve take --handle $HANDLE 'migrations/*' --resource port:8080 --wait 2m
            """
    )

    @Argument(help: "Paths and globs from the root of the namespace.")
    var patterns: [String] = []

    @OptionGroup var namespace: NamespaceOptions

    @Option(help: "exclusive, shared (with others who share), or intent (keeps nobody out, tells both).")
    var mode = ReservationMode.exclusive

    @Option(
        help: ArgumentHelp("Another thing with a name, such as port:8080; may be repeated.", valueName: "kind:name"))
    var resource: [String] = []

    @Option(
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("How long, unless extended. Default: 15m.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var length: Duration?

    @Option(
        help: "The task under which it is reserved, or a reservation that is to cover more. Default: PGSWARM_HANDLE.")
    var handle: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Stand in line so long when somebody else has it.", valueName: "duration"),
        transform: DurationArgument.parse)
    var wait: Duration?

    @Flag(help: "The paths are names: *, ? and [ stand for themselves.")
    var literal = false

    @Option(help: ArgumentHelp("A repetition with the same id gets the same answer.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard !patterns.isEmpty || !resource.isEmpty else {
            throw ValidationError("name a path, a glob such as 'src/**', or a thing with --resource port:8080")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let request = ReservationRequest(
            namespace.name, literal ? patterns.map(ReservedNames.literal) : patterns, resources: resource, mode: mode,
            lease: length,
            // A length is for what does not live by a task.
            handle: handle ?? (length == nil ? Environment.value("PGSWARM_HANDLE") : nil),
            requestID: requestID)
        let answer: Reservation
        if let wait, wait > .zero {
            let swarm = try context.swarm(
                at: try context.address(), kind: .bare, logger: Logs.logger("pgswarm.reserve"))
            answer = try await swarm.reserve(request, wait: wait)
        } else {
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            answer = try await connection.reserve(request, agent: caller.agent, session: caller.session)
        }
        guard answer.isGranted else { throw ReserveOutput.refusal(answer, waited: wait != nil) }
        ReserveOutput.show(answer, of: request, in: context)
        return .ok
    }
}
