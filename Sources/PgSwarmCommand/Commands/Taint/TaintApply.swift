import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm taint preview`: how far it would go.
struct TaintPreview: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Show what taking results back would reach.",
        discussion: """
            EXAMPLE
              pgswarm taint preview 1042 --running signal
            """
    )

    @Argument(help: "The tasks whose results are wrong.")
    var ids: [TaskID]

    @OptionGroup var taint: TaintOptions
    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let marks = try await context.connect().previewTaint(ids, taint.policy)
        TaintOutput(context).show(marks, isDone: false)
        return .ok
    }
}

/// `pgswarm taint apply`: takes them back.
struct TaintApply: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Take results back, with all that was built on them.",
        discussion: """
            All of it happens in one transaction, or none. Look with 'taint preview' first.

            EXAMPLE
              pgswarm taint apply 1042 --reason 'the signature of parse() is wrong'
            """
    )

    @Argument(help: "The tasks whose results are wrong.")
    var ids: [TaskID]

    @Option(help: ArgumentHelp("What is wrong; whoever redoes the work reads it.", valueName: "text"))
    var reason: String

    @Option(
        name: .customLong("request-id"),
        help: ArgumentHelp("Makes a repetition of this call harmless.", valueName: "id"))
    var requestID: String?

    @OptionGroup var taint: TaintOptions
    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let marks = try await connection.taint(
            ids, reason: reason, taint.policy, requestID: requestID, agent: caller.agent, session: caller.session)
        TaintOutput(context).show(marks, isDone: true)
        return .ok
    }
}

/// `pgswarm taint clear`: waives it.
struct TaintClear: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Waive a taint, with the reason.",
        discussion: """
            A taint is cleared by itself when a task was done or reviewed again. This is for results that can stand as \
            they are: what had gone back to review is accepted.

            EXAMPLE
              pgswarm taint clear 3 1050 --reason 'does not use parse()'
            """
    )

    @Argument(help: "The taint.")
    var taint: Int64

    @Argument(help: "Only these of its tasks. Default: all.")
    var ids: [TaskID] = []

    @Option(help: ArgumentHelp("Why it can stand all the same.", valueName: "text"))
    var reason: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        return try Steering.show(
            try await connection.clearTaint(
                taint, tasks: ids.isEmpty ? nil : ids, reason: reason, agent: caller.agent, session: caller.session),
            in: context)
    }
}

/// `pgswarm taint integrated`: a result has become part of the product.
struct TaintIntegrated: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "integrated",
        abstract: "Say that a result is part of the product now.",
        discussion: """
            If such a task is tainted later, a task that repairs the product is enqueued.

            EXAMPLE
              pgswarm taint integrated 1042 --reference git:main:1a2b3c4
            """
    )

    @Argument(help: "The task.")
    var id: TaskID

    @Option(help: ArgumentHelp("Where the result went.", valueName: "text"))
    var reference: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let isNews = try await connection.markIntegrated(
            id, reference: reference, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["task_id": .string(id.description), "changed": .bool(isNews)])
        } else {
            context.console.line(isNews ? "task \(id) is marked as integrated" : "it was marked before")
        }
        return .ok
    }
}
