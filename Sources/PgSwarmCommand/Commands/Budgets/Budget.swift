import ArgumentParser

/// `pgswarm budget`: what may be used up.
struct BudgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget",
        abstract: "Limit money, tokens, attempts and time.",
        discussion: """
            A claim sets aside what its task may use; the end of the task settles it. Beyond the hard limit tasks are \
            parked, and come out as soon as there is room. The scope is swarm, queue:NAME, plan:NAME or task:ID; the \
            axis is money, tokens, attempts or seconds.

            EXAMPLES
              pgswarm budget set swarm attempts --soft 800 --hard 1000
              pgswarm budget set queue:build tokens --hard 2000000 --hold 20000
              pgswarm budget show
              pgswarm budget holds --all
            """,
        subcommands: [BudgetShow.self, BudgetSet.self, BudgetHolds.self, BudgetDrop.self],
        defaultSubcommand: BudgetShow.self
    )
}
