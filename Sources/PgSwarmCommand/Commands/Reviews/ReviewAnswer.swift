public import ArgumentParser
public import PgSwarm
import Postgres

/// `pgswarm review answer`: says what became of a finding.
struct ReviewAnswer: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer what a review found in your task.",
        discussion: """
            A task that was sent back brings its findings with the claim; each is answered before it is completed again. \
            Disputed and accepted ones need a note: the reviewers read it.

            EXAMPLES
              pgswarm review answer $PGSWARM_HANDLE 12 fixed
              pgswarm review answer $PGSWARM_HANDLE 13 disputed --note 'the length is checked by the caller'
              pgswarm review answer $PGSWARM_HANDLE all fixed
            """
    )

    @Argument(help: "The handle of the task.")
    var handle: String

    @Argument(help: "The number of the finding, or all: those that are open.")
    var finding: String

    @Argument(help: "fixed, disputed or accepted.")
    var answer: Finding.Answer

    @Option(help: ArgumentHelp("Why it is not so, or why it can stay.", valueName: "text"))
    var note: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard finding == "all" || Int64(finding) != nil else {
            throw ValidationError("'\(finding)' is no number of a finding, nor all")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let connection = try await context.connect()
        var numbers = [Int64(finding)].compactMap { $0 }
        if numbers.isEmpty {
            numbers = try await connection.findings(of: handle.taskID).filter { $0.answer == nil }.map(\.id)
        }
        var open = 0
        for number in numbers {
            open = try await connection.answerFinding(handle, number, answer, note: note)
        }
        if context.json {
            context.console.json(["answered": JSON(numbers.map(String.init)), "open": JSON(open)])
        } else {
            context.console.line("\(numbers.count.counted("finding")) answered, \(open) open")
        }
        return numbers.isEmpty ? .nothingToDo : .ok
    }
}

extension Finding.Answer: ExpressibleByArgument {}
