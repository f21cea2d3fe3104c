public import ArgumentParser
public import PgSwarm
import Postgres

/// `pgswarm question ask`: the task waits for the answer.
struct QuestionAsk: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask people; the task waits for the answer.",
        discussion: """
            With --handle, or inside 'pgswarm work' which sets PGSWARM_HANDLE, the hold ends and the task waits: stop \
            working on it. --no-park asks and goes on.

            EXAMPLE
              pgswarm question ask 'May I drop the old table?' --option yes --option no \\
                --deadline 4h --on-deadline deny --severity high
            """
    )

    @Argument(help: "What is asked.")
    var text: String

    @Option(
        name: .customLong("option"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "An answer to choose from; repeatable. Without any, every text is an answer.", valueName: "text"))
    var choices: [String] = []

    @Option(help: ArgumentHelp("The answer when nobody gives one.", valueName: "answer"))
    var fallback: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How long there is to answer.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var deadline: Duration?

    @Option(help: ArgumentHelp("What happens then: wait, default, deny or escalate.", valueName: "what"))
    var onDeadline: QuestionDraft.OnDeadline = .wait

    @Option(
        name: .customLong("to"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Who may answer: coordinator, human or an agent; repeated, the next ones at each deadline.",
            valueName: "rung"))
    var rungs: [String] = []

    @Option(help: ArgumentHelp("low, normal, high or blocking.", valueName: "severity"))
    var severity: QuestionDraft.Severity = .normal

    @Option(help: ArgumentHelp("What it is about: task, paths or plan.", valueName: "scope"))
    var scope: QuestionDraft.Scope = .task

    @Option(help: ArgumentHelp("What makes two questions the same, instead of their texts.", valueName: "text"))
    var topic: String?

    @Option(help: ArgumentHelp("As the holder of this task. Default: PGSWARM_HANDLE.", valueName: "handle"))
    var handle: String?

    @Option(help: ArgumentHelp("Where the next holder goes on, in JSON.", valueName: "json"))
    var checkpoint: String?

    @Flag(name: .customLong("no-park"), help: "Ask, and go on with the task.")
    var goesOn = false

    @Option(
        name: .customLong("request-id"),
        help: ArgumentHelp("Makes a repetition of this call harmless.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let receipt = try await ask(in: context)
        if context.json {
            context.console.json([
                "id": .string("\(receipt.id)"), "created": .bool(receipt.created), "state": .string(receipt.state),
                "answer": JSON(receipt.answer), "task_id": JSON(receipt.task?.description),
                "task_state": JSON(receipt.taskState?.rawValue), "waiters": JSON(receipt.waiters),
            ])
            return .ok
        }
        if let answer = receipt.answer {
            context.console.line("question \(receipt.id) is answered already: \(answer.printable)")
        } else {
            context.console.line(
                receipt.created
                    ? "question \(receipt.id) is asked" : "others had asked it: it is question \(receipt.id)")
        }
        if receipt.taskState == .parked, let task = receipt.task {
            context.console.line("task \(task) waits for the answer and is no longer yours")
        }
        return .ok
    }

    private func ask(in context: CommandContext) async throws -> QuestionReceipt {
        var draft = QuestionDraft(text)
        draft.options = choices
        draft.fallback = fallback
        draft.deadline = deadline
        draft.onDeadline = onDeadline
        if !rungs.isEmpty { draft.rungs = rungs }
        draft.severity = severity
        draft.scope = scope
        draft.topic = topic
        draft.checkpoint = try checkpoint.map { try JSONInput.read($0, as: "checkpoint") }
        draft.parks = !goesOn
        let held = try (handle ?? Environment.value("PGSWARM_HANDLE")).map { try Handle($0) }
        let connection = try await context.connect()
        if let held {
            return try await connection.ask(draft, handle: held, requestID: requestID)
        }
        let caller = try await context.caller(on: connection)
        return try await connection.ask(
            draft, requestID: requestID, agent: caller.agent, session: caller.session)
    }
}

extension QuestionDraft.OnDeadline: ExpressibleByArgument {}
extension QuestionDraft.Severity: ExpressibleByArgument {}
extension QuestionDraft.Scope: ExpressibleByArgument {}
