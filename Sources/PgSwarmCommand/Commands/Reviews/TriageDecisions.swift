import ArgumentParser
import PgSwarm
import Postgres

/// What accept, send-back and reject have in common.
enum Deciding {
    /// Decides about a task as it stands in triage at this moment, unless another digest is given.
    static func decide(
        _ task: TaskID, _ decision: ReviewDecision, digest: String?, reason: String?, in context: CommandContext
    ) async throws -> ExitStatus {
        let connection = try await context.connect()
        var shown = digest
        if shown == nil { shown = try await connection.triage(task: task, limit: 1).first?.digest }
        let caller = try await context.caller(on: connection)
        // Without a digest there is nothing to decide: the database says what the task is instead.
        let receipt = try await connection.decide(
            task, decision, digest: shown ?? "", reason: reason, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "task_id": .string("\(task)"), "submission": .string("\(receipt.submission)"),
                "decision": .string(decision.rawValue), "state": .string(receipt.state.rawValue),
                "separated": .bool(receipt.isSeparated),
            ])
            return .ok
        }
        context.console.line("task \(task) is \(receipt.state.rawValue.printable)")
        if !receipt.isSeparated {
            context.console.line(
                "(nothing shows that a person did this: register one with 'pgswarm agents register NAME --role human')")
        }
        return .ok
    }
}

/// `pgswarm triage accept`: it counts.
struct TriageAccept: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Accept a result: its task is done.",
        discussion: """
            EXAMPLE
              pgswarm triage accept 42
            """
    )

    @Argument(help: "The task.")
    var task: TaskID

    @Option(help: ArgumentHelp("What you saw of it.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("Only if it is still this: the digest that triage list showed.", valueName: "hex"))
    var digest: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await Deciding.decide(task, .accept, digest: digest, reason: reason, in: context)
    }
}

/// `pgswarm triage send-back`: it is done again.
struct TriageSendBack: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "send-back",
        abstract: "Send a result back to be done again.",
        discussion: """
            EXAMPLE
              pgswarm triage send-back 42 --reason 'the tests do not cover the error'
            """
    )

    @Argument(help: "The task.")
    var task: TaskID

    @Option(help: ArgumentHelp("What is wrong: whoever does it again reads it.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("Only if it is still this: the digest that triage list showed.", valueName: "hex"))
    var digest: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await Deciding.decide(task, .sendBack, digest: digest, reason: reason, in: context)
    }
}

/// `pgswarm triage reject`: the task is given up.
struct TriageReject: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject",
        abstract: "Reject a result: its task is dead.",
        discussion: """
            EXAMPLE
              pgswarm triage reject 42 --reason 'not worth it any more'
            """
    )

    @Argument(help: "The task.")
    var task: TaskID

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("Only if it is still this: the digest that triage list showed.", valueName: "hex"))
    var digest: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await Deciding.decide(task, .reject, digest: digest, reason: reason, in: context)
    }
}

/// `pgswarm triage reopen`: what is done comes back.
struct TriageReopen: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen",
        abstract: "Take a task back that is done.",
        discussion: """
            What waits for it and has not started waits again; what has begun is not touched: see 'pgswarm taint' for that.

            EXAMPLE
              pgswarm triage reopen 42 --reason 'the requirement has changed'
            """
    )

    @Argument(help: "The task.")
    var task: TaskID

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @Flag(help: "Only look at its result again, instead of doing it again.")
    var review = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let generation = try await connection.reopen(
            task, toReview: review, reason: reason, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["task_id": .string("\(task)"), "generation": JSON(generation)])
        } else {
            context.console.line("task \(task) is back, generation \(generation)")
        }
        return .ok
    }
}
