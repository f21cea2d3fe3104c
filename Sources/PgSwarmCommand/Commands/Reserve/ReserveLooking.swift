import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm reserve list`: what is reserved now.
struct ReserveList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is reserved, by whom and until when.",
        discussion: """
            EXAMPLE
              pgswarm reserve list --namespace shop
            """
    )

    @Option(help: ArgumentHelp("Only of this namespace. Default: of all.", valueName: "name"))
    var namespace: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let reservations = try await context.connect().reservations(in: namespace)
        if context.json {
            for reservation in reservations { context.console.json(json(reservation)) }
        } else if reservations.isEmpty {
            context.console.line("nothing is reserved")
        } else {
            context.console.lines(
                table(reservations).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ reservations: [ReservationInfo]) -> Table {
        let now = Date()
        var table = Table([
            .flexible("NAMESPACE"), .flexible("NAME"), .left("MODE"), .flexible("AGENT"), .right("TASK"),
            .left("SINCE"),
            .left("UNTIL"),
        ])
        for reservation in reservations {
            table.add([
                Table.Cell(reservation.namespace),
                Table.Cell(ReservedNames.text(reservation.kind, reservation.pattern), .heading),
                Table.Cell(reservation.mode),
                Table.Cell(reservation.agent),
                Table.Cell(reservation.taskID?.description),
                Table.Cell(Elapsed.relative(reservation.takenAt, to: now)),
                Table.Cell(reservation.until.map { Elapsed.expected($0, at: now) }),
            ])
        }
        return table
    }

    private func json(_ reservation: ReservationInfo) -> JSON {
        [
            "namespace": .string(reservation.namespace), "kind": .string(reservation.kind),
            "pattern": .string(reservation.pattern), "mode": .string(reservation.mode),
            "agent": JSON(reservation.agent), "task_id": JSON(reservation.taskID?.description),
            "reservation": .string(reservation.reservation), "epoch": JSON(reservation.epoch),
            "taken_at": JSON(reservation.takenAt), "until": JSON(reservation.until),
        ]
    }
}

/// `pgswarm reserve namespace`: how names are told apart, and how many one agent may reserve.
struct ReserveNamespace: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespace",
        abstract: "Set a namespace's rules: whether case matters, how much one agent may reserve.",
        discussion: """
            EXAMPLE
              pgswarm reserve namespace shop --ignore-case --max-per-agent 500
            """
    )

    @Argument(help: "The namespace; it comes into being if it is not there.")
    var name: String

    @Flag(inversion: .prefixedNo, help: "Whether a.TXT and A.txt are one name.")
    var ignoreCase: Bool?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How many names one agent may have reserved.", valueName: "number"))
    var maxPerAgent: Int?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        var settings: [(String, JSON)] = []
        if let ignoreCase { settings.append(("case_sensitive", .bool(!ignoreCase))) }
        if let maxPerAgent { settings.append(("max_per_agent", JSON(maxPerAgent))) }
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let all = try await connection.configureNamespace(
            name, JSONText(JSON.object(settings).text), agent: caller.agent, session: caller.session)
        context.console.line(all.text)
        return .ok
    }
}
