import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm breaker set`: the policy of a breaker.
struct BreakerSet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change the policy of a breaker.",
        discussion: """
            measured_over, open_base, open_cap, probe_lease, ramp_step: durations. min_volume, consecutive, \
            min_principals, probes, probe_successes, concurrency, burst: whole numbers. failure_rate: up to 1. rate: \
            grants a second. counts: a list of failed, lost, overdue, reported. enabled: true or false. consecutive and \
            failure_rate may be off; 'default' resets. The name dependency:*, agent:*, kind:* or queue:* sets what new \
            breakers begin with.

            EXAMPLES
              pgswarm breaker set payments rate=10 concurrency=4
              pgswarm breaker set kind:* enabled=true consecutive=10
            """
    )

    @Argument(help: "A dependency, or agent:NAME, kind:AGENT/KIND, queue:NAME.")
    var name: String

    @Argument(help: ArgumentHelp("A setting and its value.", valueName: "key=value"))
    var settings: [String]

    @OptionGroup(title: "Common") var options: CommonOptions

    private static let durations: Set = ["measured_over", "open_base", "open_cap", "probe_lease", "ramp_step"]

    func run(in context: CommandContext) async throws -> ExitStatus {
        let wanted = try SettingArguments.parse(settings, durations: Self.durations, example: "30s")
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        try await connection.setBreaker(
            name, JSONText(wanted.text), agent: caller.agent, session: caller.session)
        let breaker = try await connection.breaker(name)
        if context.json {
            context.console.json(breaker.json)
        } else {
            context.console.line("\(breaker.breaker.printable) opens \(breaker.policy.openingRule)")
        }
        return .ok
    }
}
