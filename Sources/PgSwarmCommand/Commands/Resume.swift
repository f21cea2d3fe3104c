import ArgumentParser
import PgSwarm

/// `pgswarm resume`: claims go on.
struct ResumeCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let claims go on, step by step.",
        discussion: """
            EXAMPLES
              pgswarm resume deploys
              pgswarm resume --target-agent builder-1
            """
    )

    @OptionGroup var target: ControlOptions

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await target.apply(.resume, reason: nil, in: context)
    }
}
