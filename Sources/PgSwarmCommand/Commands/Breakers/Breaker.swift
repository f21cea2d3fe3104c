import ArgumentParser

/// `pgswarm breaker`: circuit breakers and gates, shared by all hosts.
struct BreakerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breaker",
        abstract: "See, feed and force circuit breakers.",
        discussion: """
            A task names what it depends on with --needs. When that keeps failing its breaker opens: tasks that need it \
            are not claimed, wait at no cost, and come back step by step when a probe has succeeded. Breakers of agents \
            and queues are written agent:NAME, kind:AGENT/KIND and queue:NAME.

            EXAMPLES
              pgswarm breaker
              pgswarm breaker report payments --retry-after 30s
              pgswarm breaker open payments --reason 'maintenance until noon' --for 2h
            """,
        subcommands: [
            BreakerList.self, BreakerShow.self, BreakerReportCommand.self, BreakerPermitCommand.self,
            BreakerOpen.self, BreakerClose.self, BreakerReset.self, BreakerSet.self,
        ],
        defaultSubcommand: BreakerList.self
    )
}
