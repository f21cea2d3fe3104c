import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm breaker show`: one breaker with its policy.
struct BreakerShow: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a breaker with its policy.",
        discussion: """
            EXAMPLE
              pgswarm breaker show payments
            """
    )

    @Argument(help: "A dependency, or agent:NAME, kind:AGENT/KIND, queue:NAME.")
    var name: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let breaker = try await context.connect().breaker(name)
        if context.json {
            context.console.json(breaker.json)
        } else {
            context.console.lines(fields(breaker).render(style: context.console.style))
        }
        return .ok
    }

    private func fields(_ breaker: BreakerInfo) -> Fields {
        let now = Date()
        let policy = breaker.policy
        var fields = Fields()
        fields.add("breaker", breaker.breaker, .heading)
        fields.add("state", breaker.state.rawValue, breaker.state.tone)
        fields.add("until", breaker.heldUntil.map { "\(Timestamp.format($0)) (\(Elapsed.relative($0, to: now)))" })
        fields.add("cause", breaker.cause)
        fields.add("turned", breaker.changedAt.map { "\(Elapsed.relative($0, to: now))\(by(breaker.changedBy))" })
        if let force = breaker.force {
            fields.add("forced", "\(by(force.by).dropFirst())\(force.reason.map { ": \($0)" } ?? "")", .warning)
        }
        let counts = breaker.counts
        fields.add(
            "outcomes",
            "\(counts.succeeded) succeeded, \(counts.failed) failed, \(counts.slow) slow, \(counts.ignored) ignored "
                + "in \(Elapsed.brief(policy.measuredOver)); \(breaker.streak) failed in a row")
        fields.add("waiting", breaker.waiting.counted("task"))
        fields.add("permits", breaker.permits == 0 ? nil : breaker.permits.counted("permit") + " out")
        fields.add("opens", policy.openingRule)
        fields.add("stays open", "\(Elapsed.brief(policy.openBase)), doubling up to \(Elapsed.brief(policy.openCap))")
        fields.add(
            "comes back",
            "after \(policy.probeSuccesses.counted("good probe")), \(policy.probes) at a time, each for up to "
                + "\(Elapsed.brief(policy.probeLease)); then doubling every \(Elapsed.brief(policy.rampStep))")
        fields.add("permits at once", policy.concurrency.map { "\($0)" })
        fields.add(
            "rate",
            policy.rate.map { "\($0) a second, \(policy.burst.map(String.init) ?? "\($0.rounded(.up))") at once" })
        return fields
    }

    private func by(_ name: String?) -> String { name.map { " by \($0)" } ?? "" }
}

extension BreakerPolicy {
    /// When it opens, in a sentence.
    var openingRule: String {
        guard isEnabled else { return "never: it is off" }
        var rules: [String] = []
        if let consecutive { rules.append("at \(consecutive) failures in a row") }
        if let failureRate {
            rules.append("at \(Int((failureRate * 100).rounded())) % of \(minVolume) or more")
        }
        let agents = minPrincipals > 1 ? ", of at least \(minPrincipals) agents" : ""
        return (rules.isEmpty ? "by hand" : rules.joined(separator: ", or ")) + agents
            + "; counts \(counts.joined(separator: ", "))"
    }
}
