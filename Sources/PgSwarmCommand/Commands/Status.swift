import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm status`: the database, its queues and who works on it, at a glance.
struct StatusCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the database, its queues and who is at work.",
        discussion: """
            Durability: D2, an acknowledged task survives the loss of the server; D1, it survives a crash; D0, \
            neither is promised.

            EXAMPLE
              pgswarm status
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let status = try await context.connect().status()
        if context.json {
            context.console.json(status.json)
        } else {
            show(status, on: context.console)
        }
        return .ok
    }

    private func show(_ status: ServerStatus, on console: Console) {
        var fields = Fields()
        fields.add("server", "PostgreSQL \(status.version), database \(status.database), user \(status.user)")
        fields.add("schema", status.schemaVersion.map { "version \($0)" })
        fields.add("durability", status.durability.sentence, status.durability == .none ? .warning : nil)
        fields.add(
            "coordinator", status.leader.map { "\($0) leads" } ?? "none; claims do its work, a little later")
        fields.add(
            "approvals",
            status.hasHumans
                ? "separated: a person is registered"
                : "human approvals not separated; register yourself: pgswarm agents register NAME --role human")
        fields.add("sessions", "\(status.sessions.count.grouped) live")
        console.lines(fields.render(style: console.style))
        for warning in status.warnings {
            console.line(console.style.apply(.warning, to: "warning: \(warning)"))
        }
        if !status.queues.isEmpty {
            console.line("")
            console.lines(QueueTable.make(status.queues).render(width: console.width, style: console.style))
        }
        if !status.sessions.isEmpty {
            console.line("")
            console.lines(table(status.sessions).render(width: console.width, style: console.style))
        }
    }

    private func table(_ sessions: [SessionInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("SESSION"), .flexible("AGENT"), .left("KIND"), .flexible("WHERE"), .right("HOLDS"),
            .left("OPENED"),
            .left("ENDS"),
        ])
        for session in sessions {
            let place = [session.host, session.processID.map { "pid \($0)" }].compactMap(\.self)
            table.add([
                Table.Cell("\(session.sessionID)", .heading),
                Table.Cell(session.agent),
                Table.Cell(session.kind),
                Table.Cell(place.joined(separator: " ")),
                .count(Int64(session.leases), .active),
                Table.Cell(Elapsed.relative(session.openedAt, to: now)),
                Table.Cell(Elapsed.expected(session.expiresAt, at: now)),
            ])
        }
        return table
    }
}

extension ServerStatus.Durability {
    fileprivate var sentence: String {
        switch self {
        case .none: "D0: what was acknowledged may be lost"
        case .crash: "D1: what was acknowledged survives a crash of the server"
        case .standby: "D2: what was acknowledged survives the loss of the server"
        }
    }
}

extension ServerStatus {
    fileprivate var json: JSON {
        [
            "server_version": .string(version),
            "database": .string(database),
            "user": .string(user),
            "replica": .bool(isReplica),
            "schema_version": JSON(schemaVersion),
            "durability": .string(durability.rawValue),
            "warnings": JSON(warnings),
            "coordinator": JSON(leader),
            "approvals_separated": .bool(hasHumans),
            "queues": .array(queues.map(\.json)),
            "sessions": .array(sessions.map(\.json)),
        ]
    }
}
