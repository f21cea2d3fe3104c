import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm contract list`, or without `list`.
struct ContractList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List contracts with their versions.",
        discussion: """
            EXAMPLE
              pgswarm contract list report --status agreed
            """
    )

    @Argument(help: "Only the versions of this contract.")
    var name: String?

    @Option(help: ArgumentHelp("draft, agreed, deprecated or withdrawn; may be repeated.", valueName: "status"))
    var status: [String] = []

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        let known = ["draft", "agreed", "deprecated", "withdrawn"]
        if let wrong = status.first(where: { !known.contains($0) }) {
            throw ValidationError(
                "'\(wrong.printable)' is no status of a contract; there are \(known.joined(separator: ", "))")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let contracts = try await context.connect().contracts(name, statuses: status.isEmpty ? nil : status)
        if context.json {
            for contract in contracts { context.console.json(contract.json) }
        } else if contracts.isEmpty {
            context.console.line("no contracts; publish one with: pgswarm contract publish NAME VERSION FILE")
        } else {
            context.console.lines(table(contracts).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ contracts: [ContractInfo]) -> Table {
        var table = Table([
            .flexible("CONTRACT"), .left("VERSION"), .left("STATUS"), .left("KIND"), .left("COMPAT"),
            .flexible("OWNER"),
            .left("DIGEST"), .left("BROKEN BY"),
        ])
        for contract in contracts {
            table.add([
                Table.Cell(contract.version.name, .heading), Table.Cell(contract.version.version),
                Table.Cell(contract.status, contract.tone), Table.Cell(contract.kind),
                Table.Cell(contract.compatibility), Table.Cell(contract.owner),
                Table.Cell(String(contract.digest.prefix(12)), .quiet), Table.Cell(contract.supersededBy, .warning),
            ])
        }
        return table
    }
}

/// `pgswarm contract get`: one version with its body.
struct ContractGet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a version of a contract.",
        discussion: """
            EXAMPLES
              pgswarm contract get report
              pgswarm contract get report@1.0.0 --body > report.schema.json
            """
    )

    @Argument(help: ArgumentHelp("The contract. Without a version: the newest agreed one.", valueName: "name@version"))
    var version: ContractVersion

    @Flag(help: "Only its body.")
    var body = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let contract = try await context.connect().contract(version)
        let text = contract.kind == "json_schema" ? nil : try? contract.body?.decode(String.self)
        if body {
            context.console.line(text?.printable(linesOf: true) ?? contract.body?.text ?? "")
        } else if context.json {
            context.console.json(contract.json)
        } else {
            var fields = Fields()
            fields.add("contract", contract.version.description, .heading)
            fields.add("status", contract.status, contract.tone)
            fields.add("broken by", contract.supersededBy, .warning)
            fields.add("kind", contract.kind)
            fields.add("compat", contract.compatibility)
            fields.add("owner", contract.owner)
            fields.add(
                "published", "\(Timestamp.format(contract.publishedAt)) by \(contract.publishedBy ?? "somebody")")
            if let at = contract.agreedAt {
                fields.add("agreed", "\(Timestamp.format(at)) by \(contract.agreedBy ?? "somebody")")
            }
            fields.add("digest", contract.digest)
            fields.add("check", contract.check)
            fields.add("note", contract.note)
            fields.add("body", text ?? contract.body?.text)
            fields.add("examples", contract.examples?.text)
            context.console.lines(fields.render(style: context.console.style))
        }
        return .ok
    }
}

extension String {
    /// The text with its control characters escaped, but for line breaks and tabs.
    fileprivate func printable(linesOf: Bool) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map {
                $0.split(separator: "\t", omittingEmptySubsequences: false).map { String($0).printable }.joined(
                    separator: "\t")
            }
            .joined(separator: "\n")
    }
}

extension ContractInfo {
    /// The tone of its status.
    var tone: Style.Tone? {
        switch status {
        case "agreed": supersededBy == nil ? .good : .warning
        case "draft": .warning
        case "withdrawn": .bad
        default: .quiet
        }
    }

    /// The version as `contract list --json` and `contract get --json` show it.
    var json: JSON {
        var members: [(String, JSON)] = [
            ("name", .string(version.name)), ("version", JSON(version.version)), ("kind", .string(kind)),
            ("status", .string(status)), ("compat", .string(compatibility)), ("owner", JSON(owner)),
            ("digest", .string(digest)), ("superseded_by", JSON(supersededBy)), ("check", JSON(check)),
            ("note", JSON(note)), ("published_by", JSON(publishedBy)), ("published_at", JSON(publishedAt)),
            ("agreed_by", JSON(agreedBy)), ("agreed_at", JSON(agreedAt)),
        ]
        if let body { members += [("body", .raw(body.text)), ("examples", JSON(examples))] }
        return .object(members)
    }
}
