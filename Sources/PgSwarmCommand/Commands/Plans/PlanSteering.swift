import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm plan freeze`: nobody changes it any more.
struct PlanFreeze: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Let nobody change a plan; its work goes on.",
        discussion: """
            EXAMPLE
              pgswarm plan freeze site --reason 'the release is being tested'
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @Option(help: ArgumentHelp("Why; whoever is refused is told.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let changed = try await connection.freezePlan(
            name, reason: reason, agent: caller.agent, session: caller.session)
        context.tell(name, changed, changed ? "is frozen" : "was frozen already")
        return .ok
    }
}

/// `pgswarm plan unfreeze`: it can be changed again.
struct PlanUnfreeze: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze",
        abstract: "Let a frozen plan be changed again.",
        discussion: """
            EXAMPLE
              pgswarm plan unfreeze site
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let changed = try await connection.unfreezePlan(
            name, reason: reason, agent: caller.agent, session: caller.session)
        context.tell(name, changed, changed ? "can be changed again" : "was not frozen")
        return .ok
    }
}

/// `pgswarm plan pause`: nothing more of it begins.
struct PlanPause: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let nothing more of a plan begin; what runs goes on.",
        discussion: """
            EXAMPLE
              pgswarm plan pause site --reason 'the design is being looked at'
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @Option(help: ArgumentHelp("Why; 'why' tells it.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let count = try await connection.pausePlan(
            name, reason: reason, agent: caller.agent, session: caller.session)
        context.tell(name, count, "is paused; \(count.counted("task")) taken out of the way")
        return .ok
    }
}

/// `pgswarm plan resume`: it goes on.
struct PlanResume: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused plan go on.",
        discussion: """
            EXAMPLE
              pgswarm plan resume site
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let count = try await connection.resumePlan(name, agent: caller.agent, session: caller.session)
        context.tell(name, count, "goes on; \(count.counted("task")) came back")
        return .ok
    }
}

extension CommandContext {
    fileprivate func tell(_ plan: String, _ changed: Bool, _ what: String) {
        if json {
            console.json(["plan": .string(plan), "changed": .bool(changed)])
        } else {
            console.line("plan \(plan.printable) \(what)")
        }
    }

    fileprivate func tell(_ plan: String, _ count: Int, _ what: String) {
        if json {
            console.json(["plan": .string(plan), "tasks": JSON(count)])
        } else {
            console.line("plan \(plan.printable) \(what)")
        }
    }
}
