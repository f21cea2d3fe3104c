import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm agents`: who works here.
struct AgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "List agents; register, retire and drain them.",
        discussion: """
            EXAMPLES
              pgswarm agents
              pgswarm agents register builder-1
              pgswarm agents register judge-1 --role reviewer --owner ann --model sonnet/4.5
              pgswarm agents drain builder-1
            """,
        subcommands: [List.self, Register.self, Mint.self, Change.self, Retire.self, Drain.self],
        defaultSubcommand: List.self
    )

    /// `pgswarm agents list`, or without `list`.
    struct List: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "List agents, what they hold and when they were heard of.",
            discussion: """
                EXAMPLE
                  pgswarm agents --json
                """
        )

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let agents = try await context.connect().agents()
            if context.json {
                for agent in agents { context.console.json(agent.json) }
            } else if agents.isEmpty {
                context.console.line("no agents")
            } else {
                context.console.lines(
                    table(agents).render(width: context.console.width, style: context.console.style))
            }
            return .ok
        }

        private func table(_ agents: [AgentInfo]) -> Table {
            let now = Date()
            var table = Table([
                .flexible("AGENT"), .left("ROLE"), .flexible("OWNER"), .flexible("MODEL"), .right("RUN"),
                .right("SESSIONS"), .right("HOLDS"), .left("SEEN"), .left("STATE"),
            ])
            for agent in agents {
                table.add([
                    Table.Cell(agent.agent.rawValue, .heading),
                    Table.Cell(agent.role?.rawValue),
                    Table.Cell(agent.owner),
                    Table.Cell(agent.model),
                    Table.Cell(agent.incarnation.grouped),
                    .count(Int64(agent.liveSessions)),
                    .count(Int64(agent.running), .active),
                    Table.Cell(agent.lastSeen.map { Elapsed.relative($0, to: now) }),
                    agent.standing,
                ])
            }
            return table
        }
    }

    /// `pgswarm agents retire`: the name is not given again.
    struct Retire: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Retire an agent for good.",
            discussion: """
                The agents that it minted retire with it.

                EXAMPLE
                  pgswarm agents retire builder-1 --successor builder-2
                """
        )

        @Argument(help: "The agent.")
        var name: String

        @Option(help: ArgumentHelp("Who takes its place.", valueName: "name"))
        var successor: String?

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            try await connection.retire(
                AgentName(name), successor: successor.map { AgentName($0) }, agent: caller.agent,
                session: caller.session)
            if context.json {
                context.console.json(["agent": .string(name), "retired": true, "successor": JSON(successor)])
            } else {
                context.console.line("\(name.printable) has retired")
            }
            return .ok
        }
    }

    /// `pgswarm agents drain`: finish and claim no more.
    struct Drain: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell an agent to finish what it holds and claim no more.",
            discussion: """
                EXAMPLES
                  pgswarm agents drain builder-1
                  pgswarm agents drain builder-1 --off
                """
        )

        @Argument(help: "The agent.")
        var name: String

        @Flag(help: "Take it back: the agent may claim again.")
        var off = false

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let sessions = try await context.connect().drain(AgentName(name), on: !off)
            if context.json {
                context.console.json([
                    "agent": .string(name), "draining": .bool(!off), "sessions": JSON(sessions),
                ])
            } else {
                let state = off ? "may claim again" : "is draining"
                context.console.line("\(name.printable) \(state) (\(sessions.counted("live session")))")
            }
            return .ok
        }
    }
}

extension AgentInfo {
    /// The agent as `agents --json` gives it.
    var json: JSON {
        [
            "agent": .string(agent.rawValue),
            "incarnation": JSON(incarnation),
            "sessions_live": JSON(liveSessions),
            "running": JSON(running),
            "last_seen": JSON(lastSeen),
            "has_credential": .bool(hasCredential),
            "draining_since": JSON(drainingSince),
            "retired_at": JSON(retiredAt),
            "successor": JSON(successor?.rawValue),
            "role": JSON(role?.rawValue),
            "owner": JSON(owner),
            "model": JSON(model),
            "capabilities": JSON(capabilities),
            "minted_by": JSON(mintedBy?.rawValue),
            "expires_at": JSON(expiresAt),
        ]
    }

    /// Whether it can be given work, in a word.
    fileprivate var standing: Table.Cell {
        if retiredAt != nil { return Table.Cell("retired", .quiet) }
        if drainingSince != nil { return Table.Cell("draining", .warning) }
        return liveSessions > 0 ? Table.Cell("live", .good) : Table.Cell("away", .quiet)
    }
}
