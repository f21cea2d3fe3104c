import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm problem export`: the log as Markdown.
struct ProblemExport: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the log as Markdown that people can edit.",
        discussion: """
            The same log always gives the same file.

            EXAMPLE
              pgswarm problem export PROBLEMS.md
            """
    )

    @Argument(help: "The file. Default: standard output.")
    var file: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let entries = try await context.connect().exportProblems()
        let text = ProblemFile(entries).markdown
        guard let file, file != "-" else {
            if context.json {
                context.console.json(["entries": JSON(entries.count), "markdown": .string(text)])
            } else {
                context.console.text(text)
            }
            return .ok
        }
        try TextInput.write(text, to: file)
        if context.json {
            context.console.json(["file": .string(file), "entries": JSON(entries.count)])
        } else {
            context.console.line("\(file.printable): \(entries.count.counted("problem"))")
        }
        return .ok
    }
}

/// `pgswarm problem import`: takes a Markdown file in.
struct ProblemImport: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the problems of a Markdown file in.",
        discussion: """
            Reads what 'export' wrote, and files that people wrote: headings begin problems; **Problem:**, **Solution:**, \
            **Fix:**, ### Workaround and the like begin their parts. Tells what was understood and what was skipped, and \
            why. Nothing is taken away that the file does not name. Needs the rights of a coordinator or an operator.

            EXAMPLE
              pgswarm problem import PROBLEMS.md --dry-run
            """
    )

    @Argument(help: "The file, or - for standard input.")
    var file: String

    @Flag(help: "Only tell what would happen.")
    var dryRun = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let parsed = ProblemFile(markdown: try TextInput.read(file: file, as: "file"))
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let answers =
            parsed.entries.isEmpty
            ? []
            : try await connection.importProblems(
                parsed.entries, dryRun: dryRun, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(json(parsed, answers))
        } else {
            show(parsed, answers, in: context)
        }
        return answers.contains { $0.code == "refused" } ? .refused : .ok
    }

    private func count(_ code: String, _ answers: [ImportedProblem]) -> Int { answers.count { $0.code == code } }

    private func show(_ parsed: ProblemFile, _ answers: [ImportedProblem], in context: CommandContext) {
        for answer in answers where answer.code != "unchanged" {
            let entry = parsed.entries[answer.ordinal - 1]
            let what =
                answer.message.map { ": \($0)" }
                ?? (answer.changes.isEmpty ? "" : " (\(answer.changes.joined(separator: ", ")))")
            context.console.line(
                "line \(parsed.lines[answer.ordinal - 1]): \(answer.code)\(what.printable): \(entry.title.printable)")
        }
        for skipped in parsed.skipped {
            context.console.line("line \(skipped.line): skipped, \(skipped.reason): \(skipped.text.printable)")
        }
        let codes = ["created", "updated", "unchanged", "refused"].map { "\(count($0, answers)) \($0)" }
        let lines = parsed.skipped.isEmpty ? "" : "; \(parsed.skipped.count.counted("line")) skipped"
        context.console.line(
            "\(dryRun ? "would be: " : "")\(answers.count.counted("problem")): \(codes.joined(separator: ", "))\(lines)"
        )
    }

    private func json(_ parsed: ProblemFile, _ answers: [ImportedProblem]) -> JSON {
        [
            "dry_run": .bool(dryRun), "problems": JSON(answers.count), "created": JSON(count("created", answers)),
            "updated": JSON(count("updated", answers)), "unchanged": JSON(count("unchanged", answers)),
            "refused": JSON(count("refused", answers)),
            "entries": .array(
                answers.map { answer in
                    [
                        "line": JSON(parsed.lines[answer.ordinal - 1]), "id": JSON(answer.id.map { "\($0)" }),
                        "title": .string(parsed.entries[answer.ordinal - 1].title), "code": .string(answer.code),
                        "changes": JSON(answer.changes), "message": JSON(answer.message),
                        "solutions": JSON(parsed.entries[answer.ordinal - 1].solutions?.count ?? 0),
                    ]
                }),
            "skipped": .array(
                parsed.skipped.map {
                    ["line": JSON($0.line), "reason": .string($0.reason), "text": .string($0.text)]
                }),
        ]
    }
}
