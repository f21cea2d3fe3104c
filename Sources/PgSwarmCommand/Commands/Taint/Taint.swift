public import ArgumentParser
public import PgSwarm

/// `pgswarm taint`: taking back what was accepted.
struct TaintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taint",
        abstract: "Take back accepted results and what was built on them.",
        discussion: """
            What has read a wrong result is found by what was really read, version by version: running tasks are \
            stopped or told, accepted ones are reviewed again, integrated ones get a task to repair them.

            EXAMPLES
              pgswarm taint preview 1042
              pgswarm taint apply 1042 --reason 'the signature of parse() is wrong'
              pgswarm taint list
              pgswarm taint clear 3 1050 --reason 'does not use parse()'
            """,
        subcommands: [
            TaintPreview.self, TaintApply.self, TaintList.self, TaintClear.self, TaintIntegrated.self,
        ],
        defaultSubcommand: TaintList.self
    )
}

/// What to do with what is wrong, and with what runs.
struct TaintOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What becomes of the tasks themselves: redo or review.", valueName: "what"))
    var root: TaintPolicy.Root = .redo

    @Option(
        help: ArgumentHelp(
            "What becomes of running tasks that have read them: stop (taken back) or signal (told).", valueName: "what")
    )
    var running: TaintPolicy.Running = .stop

    var policy: TaintPolicy { TaintPolicy(root: root, running: running) }
}

extension TaintPolicy.Root: ExpressibleByArgument {}
extension TaintPolicy.Running: ExpressibleByArgument {}
