import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm contract deprecate`: not for new work.
struct ContractDeprecate: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "deprecate",
        abstract: "Say that a version is not for new work.",
        discussion: """
            What is pinned to it goes on.

            EXAMPLE
              pgswarm contract deprecate report@1.0.0 --reason 'use 1.1.0'
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var version: ContractVersion

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let version = try version.exact()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let status = try await connection.deprecateContract(
            version, reason: reason, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "name": .string(version.name), "version": JSON(version.version), "status": .string(status),
            ])
        } else {
            context.console.line("\(version.description.printable) is \(status.printable)")
        }
        return .ok
    }
}

/// `pgswarm contract withdraw`: out of use.
struct ContractWithdraw: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take a version out of use.",
        discussion: """
            Tasks that are pinned to it and have not started are held, running ones are told, accepted consumers are \
            tainted.

            EXAMPLE
              pgswarm contract withdraw report@1.0.0 --reason 'it allowed negative prices' --dry-run
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var version: ContractVersion

    @Option(help: ArgumentHelp("What is wrong with it.", valueName: "text"))
    var reason: String

    @Flag(help: "Only show what would happen.")
    var dryRun = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let version = try version.exact()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let change = try await connection.withdrawContract(
            version, reason: reason, dryRun: dryRun, agent: caller.agent, session: caller.session)
        try ContractOutput(context).show(change, verb: "withdrawn", isDryRun: dryRun)
        return .ok
    }
}

/// `pgswarm contract repin`: another version for a task that has not started.
struct ContractRepin: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "repin",
        abstract: "Pin a task to another version of a contract.",
        discussion: """
            EXAMPLE
              pgswarm contract repin 1042 report@1.0.0 report@2.0.0
            """
    )

    @Argument(help: "The task. It has not started.")
    var task: TaskID

    @Argument(help: ArgumentHelp("What it pins.", valueName: "name@version"))
    var old: ContractVersion

    @Argument(help: ArgumentHelp("What it shall pin.", valueName: "name@version"))
    var new: ContractVersion

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (old, new) = (try old.exact(), try new.exact())
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let state = try await connection.repin(
            task, from: old, to: new, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "task_id": .string(task.description), "from": .string(old.description), "to": .string(new.description),
                "state": .string(state.rawValue),
            ])
        } else {
            context.console.line("task \(task) is pinned to \(new.description.printable) and \(state.rawValue)")
        }
        return .ok
    }
}

/// `pgswarm contract waive`: a human lets tasks go on.
struct ContractWaive: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "waive",
        abstract: "Let tasks go on by a version that was broken.",
        discussion: """
            EXAMPLE
              pgswarm contract waive report@1.0.0 1042 1043 --reason 'they feed the old dashboard'
            """
    )

    @Argument(help: ArgumentHelp("The version that they pin.", valueName: "name@version"))
    var version: ContractVersion

    @Argument(help: "The tasks.")
    var tasks: [TaskID]

    @Option(help: ArgumentHelp("Why the old version will do.", valueName: "text"))
    var reason: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let version = try version.exact()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let count = try await connection.waiveContract(
            version, for: tasks, reason: reason, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["version": .string(version.description), "waived": JSON(count)])
        } else {
            context.console.line("\(version.description.printable) is waived for \(count.counted("task"))")
        }
        return .ok
    }
}
