import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm review policy`: what becomes of the results of a queue.
struct ReviewPolicy: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Show or change how results are accepted.",
        discussion: """
            Settings, each as key=value, =default resets: mode (none, peers, human), reviewers (1), score (4), rounds (3), \
            distinct (agents, owners, families), min_evidence (0 to 4), accept (human, reviewed), auto_accept (false), \
            auto_score (5), auto_risk (low), auto_evidence (3), audit_rate (0.1), floor (0.8). After automatic acceptance has \
            switched itself off, auto_on=true allows it again.

            EXAMPLES
              pgswarm review policy build
              pgswarm review policy build mode=peers reviewers=2 distinct=families
            """
    )

    @Argument(help: "The queue.")
    var queue: QueueName

    @Argument(help: ArgumentHelp("What to change.", valueName: "key=value"))
    var settings: [String] = []

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let changes = try SettingArguments.parse(settings) { _, text in Self.value(text) }
        let connection = try await context.connect()
        let policy: JSONText
        if settings.isEmpty {
            policy = try await connection.reviewPolicy(of: queue)
        } else {
            let caller = try await context.caller(on: connection)
            policy = try await connection.setReviewPolicy(
                of: queue, JSONText(changes.text), agent: caller.agent, session: caller.session)
        }
        if context.json {
            context.console.json(.raw(policy.text))
        } else {
            var fields = Fields()
            for (name, value) in try QueueSettings.read(policy) {
                let text = value.text
                fields.add(name, text.hasPrefix("\"") ? String(text.dropFirst().dropLast()).printable : text.printable)
            }
            context.console.lines(fields.render(style: context.console.style))
        }
        return .ok
    }

    /// Numbers and truth values as they are, `default` as null, all else as a text.
    private static func value(_ text: String) -> JSON {
        if text == "default" { return .null }
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let whole = Int64(text) { return .integer(whole) }
        return Double(text).map(JSON.number) ?? .string(text)
    }
}

/// `pgswarm review risk`: where work is risky.
struct ReviewRisk: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "risk",
        abstract: "Say how risky work on some paths is.",
        discussion: """
            A task that works on such a path (its option paths) is as risky as the riskiest of them; automatic acceptance has \
            a ceiling of risk.

            EXAMPLE
              pgswarm review risk build 'src/auth/**' high
            """
    )

    @Argument(help: "The queue.")
    var queue: QueueName

    @Argument(help: ArgumentHelp("The paths.", valueName: "glob"))
    var glob: String

    @Argument(help: "low, medium, high, or none to forget it.")
    var level: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        try await connection.setRisk(
            of: queue, glob, level == "none" ? nil : level, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["queue": .string("\(queue)"), "glob": .string(glob), "level": .string(level)])
        } else {
            context.console.line("\(glob.printable) in \("\(queue)".printable): \(level.printable)")
        }
        return .ok
    }
}
