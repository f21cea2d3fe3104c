import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm contract check`: whether a value keeps it.
struct ContractCheckCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check whether a value keeps a contract.",
        discussion: """
            Exit code 4: it does not, and each place where it does not is told.

            EXAMPLES
              pgswarm contract check report '{"pages": 3}'
              pgswarm contract check report@1.0.0 - < result.json
            """
    )

    @Argument(help: ArgumentHelp("The contract. Without a version: the newest agreed one.", valueName: "name@version"))
    var version: ContractVersion

    @Argument(help: ArgumentHelp("The value, or - for standard input.", valueName: "json"))
    var value: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let value = try JSONInput.read(value, as: "value")
        let check = try await context.connect().checkContract(version, value)
        if context.json {
            context.console.json([
                "name": .string(check.version.name), "version": JSON(check.version.version),
                "valid": JSON(check.isValid),
                "errors": check.errors.map { .raw($0.text) } ?? [], "check": JSON(check.check),
            ])
            return check.isValid == false ? .refused : .ok
        }
        let name = check.version.description.printable
        switch check.isValid {
        case true?:
            context.console.line("it keeps \(name)")
            return .ok
        case nil:
            let advice = check.check.map { "; check it with: \($0.printable)" } ?? ""
            context.console.line("\(name) is a text: the database can't tell\(advice)")
            return .ok
        case false?:
            context.console.line("it does not keep \(name)")
            for error in try check.errors?.decode([ContractReason].self) ?? [] {
                context.console.line("  \(error.text.printable)")
            }
            return .refused
        }
    }
}

/// `pgswarm contract compat`: how a new body compares.
struct ContractCompat: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "compat",
        abstract: "Compare a new body with a version of a contract.",
        discussion: """
            compatible is proven, incompatible is shown by an example, unknown is neither. Exit code 4 unless it is \
            compatible.

            EXAMPLE
              pgswarm contract compat report new.schema.json --mode full
            """
    )

    @Argument(help: ArgumentHelp("The contract. Without a version: the newest agreed one.", valueName: "name@version"))
    var version: ContractVersion

    @Argument(help: ArgumentHelp("The new schema, or - for standard input.", valueName: "file"))
    var file: String

    @Option(help: ArgumentHelp("backward, forward, full or none. Default: the contract's own.", valueName: "mode"))
    var mode: ContractDraft.Compatibility?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let text = try TextInput.read(file: file, as: "schema")
        let connection = try await context.connect()
        let kind = try await connection.contract(version).kind
        let body = kind == "json_schema" ? try JSONInput.read(text, as: "schema") : JSONText(JSON.string(text).text)
        let comparison = try await connection.compareContract(version, body, mode: mode)
        if context.json {
            context.console.json([
                "name": .string(version.name), "compared_with": .string(comparison.comparedWith),
                "compat": .string(comparison.compatibility), "verdict": .string(comparison.verdict),
                "reasons": .raw(comparison.reasons.text),
            ])
        } else {
            context.console.line(
                "\(comparison.verdict) with \(version.name.printable)@\(comparison.comparedWith.printable) (\(comparison.compatibility))"
            )
            try ContractOutput(context).show(comparison.reasons)
        }
        return comparison.verdict == "compatible" ? .ok : .refused
    }
}

/// `pgswarm contract dependents`: who pins it.
struct ContractDependents: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "dependents",
        abstract: "List the tasks that pin a contract.",
        discussion: """
            EXAMPLE
              pgswarm contract dependents report@1.0.0
            """
    )

    @Argument(help: ArgumentHelp("The contract. Without a version: all of them.", valueName: "name@version"))
    var version: ContractVersion

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let tasks = try await context.connect().dependents(of: version)
        if context.json {
            for task in tasks { context.console.json(task.json) }
        } else if tasks.isEmpty {
            context.console.line("no task pins \(version.description.printable)")
        } else {
            var table = Table([
                .right("TASK"), .left("ROLE"), .left("VERSION"), .left("STATE"), .flexible("QUEUE"), .flexible("TITLE"),
                .flexible("AGENT"), .left("BROKEN BY"),
            ])
            for task in tasks {
                table.add([
                    Table.Cell(task.taskID.description, .heading), Table.Cell(task.role), Table.Cell(task.version),
                    Table.Cell(task.state.rawValue), Table.Cell(task.queue.rawValue), Table.Cell(task.title),
                    Table.Cell(task.agent), Table.Cell(task.waived == nil ? task.supersededBy : "waived", .warning),
                ])
            }
            context.console.lines(table.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

extension ContractDependent {
    /// The task as `contract dependents --json` shows it.
    fileprivate var json: JSON {
        [
            "task_id": .string(taskID.description), "role": .string(role), "version": .string(version),
            "state": .string(state.rawValue), "queue": .string(queue.rawValue), "title": JSON(title),
            "agent": JSON(agent), "plan": JSON(plan), "superseded_by": JSON(supersededBy), "waived": JSON(waived),
        ]
    }
}
