import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm question answer`: the first answer counts.
struct QuestionAnswer: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer a question; what waits for it goes on.",
        discussion: """
            The first answer counts. A later one is kept beside it, and this exits with 4.

            EXAMPLES
              pgswarm question answer 7 A --decision
              pgswarm question answer 8 yes --resume
            """
    )

    @Argument(help: "The question.")
    var id: Int64

    @Argument(help: "The answer.")
    var answer: String

    @Option(help: ArgumentHelp("What else there is to say.", valueName: "text"))
    var note: String?

    @Flag(help: "Whoever asks the same later gets this answer at once.")
    var decision = false

    @Flag(help: "Tasks that a deadline has denied begin again with this answer.")
    var resume = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let receipt = try await connection.answer(
            question: id, answer, note: note, asDecision: decision, resume: resume, agent: caller.agent,
            session: caller.session)
        if context.json {
            context.console.json([
                "id": .string("\(id)"), "code": .string(receipt.code), "state": .string(receipt.state),
                "message": .string(receipt.message), "answer": JSON(receipt.answer), "resumed": JSON(receipt.resumed),
            ])
        } else {
            let tasks = receipt.resumed == 0 ? "" : ": \(receipt.resumed.counted("task")) went on"
            context.console.line(receipt.message.printable + tasks)
        }
        return receipt.code == "ok" || resume ? .ok : .refused
    }
}

/// `pgswarm question withdraw`: it needs no answer any more.
struct QuestionWithdraw: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take a question back; its tasks go on without it.",
        discussion: """
            EXAMPLE
              pgswarm question withdraw 7 --reason 'found it in the manual'
            """
    )

    @Argument(help: "The question.")
    var id: Int64

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let waiters = try await connection.withdraw(
            question: id, reason: reason, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["id": .string("\(id)"), "state": "withdrawn", "resumed": JSON(waiters)])
        } else {
            context.console.line("question \(id) is withdrawn; \(waiters.counted("task")) had waited for it")
        }
        return .ok
    }
}
