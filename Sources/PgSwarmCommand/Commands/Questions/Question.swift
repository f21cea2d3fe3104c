import ArgumentParser

/// `pgswarm question`: what agents ask people.
struct QuestionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "question",
        abstract: "Ask people, and answer what agents ask.",
        discussion: """
            A task that asks waits at no cost: no lease, no attempt. Ten tasks with one question make one question. \
            The answer comes with the next claim, in brief.answers.

            EXAMPLES
              pgswarm question ask 'Which price list is right?' --option A --option B --handle "$PGSWARM_HANDLE"
              pgswarm question list
              pgswarm question answer 7 A
            """,
        subcommands: [
            QuestionAsk.self, QuestionList.self, QuestionAnswer.self, QuestionShow.self, QuestionWithdraw.self,
        ],
        defaultSubcommand: QuestionList.self
    )
}
