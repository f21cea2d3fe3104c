import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// Where a plan is read from.
struct PlanSource: ParsableArguments {
    @Argument(help: "The file, YAML or JSON, or - for standard input.")
    var file: String

    @Option(help: ArgumentHelp("The plan's name. Default: what the file says under 'plan'.", valueName: "name"))
    var name: String?

    /// Writes the plan, or does it and undoes it again.
    func apply(
        in context: CommandContext, dryRun: Bool, expected: Int? = nil, cancelRunning: Bool = false,
        reason: String? = nil,
        requestID: String? = nil
    ) async throws -> PlanChange {
        let plan = try PlanFile(try TextInput.read(file: file, as: "plan"), file: file)
        guard let name = name ?? plan.name else {
            throw CommandFailure.usage(
                "\(file.printable) names no plan", hint: "Begin it with 'plan: NAME', or give --name NAME.")
        }
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        do {
            let change = try await connection.applyPlan(
                name, JSONText(plan.spec.text), expected: expected, dryRun: dryRun, cancelRunning: cancelRunning,
                reason: reason, requestID: requestID, agent: caller.agent, session: caller.session)
            if !dryRun { _ = try? await connection.ring(change.queues) }
            return change
        } catch {
            throw plan.located(error)
        }
    }
}

/// `pgswarm plan apply`: makes a plan what a file says.
struct PlanApply: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make a plan what a file says, all of it or nothing.",
        discussion: """
            The file has 'plan', 'goal', 'defaults' and 'tasks' by key. Each task has a goal, criteria, a queue, and \
            'produces' or 'contract: none'; 'after' names what it waits for. Errors point at the line. A task changes only \
            before it begins; one that is done stays. Needs the rights of a coordinator or an operator.

            EXAMPLES
              pgswarm plan apply site.yaml --dry-run
              pgswarm plan apply site.yaml --if-version 3 --reason 'the tests come first'
            """
    )

    @OptionGroup var source: PlanSource

    @Flag(help: "Only tell what would happen.")
    var dryRun = false

    @Option(help: ArgumentHelp("Refuse if it is another by now; 0: it must be new.", valueName: "n"))
    var ifVersion: Int?

    @Flag(help: "Also change or take away what has begun: it is cancelled.")
    var cancelRunning = false

    @Option(help: ArgumentHelp("Why; kept with the version.", valueName: "text"))
    var reason: String?

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let change = try await source.apply(
            in: context, dryRun: dryRun, expected: ifVersion, cancelRunning: cancelRunning, reason: reason,
            requestID: requestID)
        change.show(in: context)
        return .ok
    }
}

/// `pgswarm plan diff`: what writing a file would change.
struct PlanDiff: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell what writing a file would change.",
        discussion: """
            It is done and undone again, so it promises no more than 'apply' keeps. Ends with code 3 if nothing would change.

            EXAMPLE
              pgswarm plan diff site.yaml
            """
    )

    @OptionGroup var source: PlanSource

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let change = try await source.apply(in: context, dryRun: true)
        change.show(in: context)
        return change.changed || !change.items.isEmpty ? .ok : .nothingToDo
    }
}

extension PlanChange {
    fileprivate func show(in context: CommandContext) {
        guard !context.json else { return context.console.json(json) }
        let style = context.console.style
        for item in items {
            let (sign, tone): (String, Style.Tone?) =
                switch item.action {
                case "added": ("+", .good)
                case "removed": ("-", .bad)
                case "changed", "replaced": ("~", .warning)
                case "refused": ("!", .bad)
                default: ("=", .quiet)
                }
            let line = "\(sign) \(item.key)  \(item.action)\(item.detail)"
            context.console.line(style.apply(tone, to: line.printable))
        }
        for other in similar {
            let place = other.plan.map { "\($0):\(other.similarKey ?? other.similar)" } ?? "queue \(other.queue)"
            context.console.line(
                style.apply(
                    .warning,
                    to:
                        "? \(other.key) looks like task \(other.similar) of \(place) (\(other.state)), \(Int(other.likeness * 100)) %"
                        .printable))
        }
        let counts = ["added", "changed", "replaced", "removed", "kept", "detached", "refused"].compactMap { action in
            let count = items.count { $0.action == action }
            return count > 0 ? "\(count) \(action)" : nil
        }
        let what = (counts + ["\(unchanged) unchanged"]).joined(separator: ", ")
        let head = dryRun ? "would be: plan" : "plan"
        context.console.line("\(head) \(plan.printable), version \(version): \(what)")
    }

    fileprivate var json: JSON {
        [
            "plan": .string(plan), "version": JSON(version), "was": JSON(was), "changed": .bool(changed),
            "dry_run": .bool(dryRun), "unchanged": JSON(unchanged),
            "items": .array(
                items.map {
                    [
                        "key": .string($0.key), "action": .string($0.action), "id": .string("\($0.task)"),
                        "was_id": JSON($0.wasTask.map { "\($0)" }), "was_state": JSON($0.wasState),
                        "changes": JSON($0.changes ?? []),
                    ]
                }),
            "similar": .array(
                similar.map {
                    [
                        "key": .string($0.key), "id": .string($0.similar), "plan": JSON($0.plan),
                        "similar_key": JSON($0.similarKey), "queue": .string($0.queue), "state": .string($0.state),
                        "likeness": .number($0.likeness),
                    ]
                }),
        ]
    }
}

extension PlanChange.Item {
    fileprivate var detail: String {
        switch action {
        case "added": ""
        case "kept": ": it is done; \((changes ?? []).joined(separator: ", ")) has no effect"
        case "replaced":
            " (\((changes ?? []).joined(separator: ", "))), was task \(wasTask.map { "\($0)" } ?? "") \(wasState ?? "")"
        case "changed": " (\((changes ?? []).joined(separator: ", ")))"
        case "refused": ": task \(task) is \(wasState ?? "running"); cancel it with --cancel-running"
        default: ", task \(task) was \(wasState ?? "")"
        }
    }
}
