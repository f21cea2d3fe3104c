import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm review submit`: gives a verdict.
struct ReviewSubmit: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Give a verdict on a result.",
        discussion: """
            Scores: 5 nothing found, 4 minor, 3 should be fixed, 2 significant defects, 1 broken or unsafe. With 3 or less say \
            what was found. A check that you ran yourself counts as evidence of tier 3.

            EXAMPLES
              pgswarm review submit $HANDLE --digest $DIGEST --score 4 --summary 'read it, ran the tests' --passed 'make test'
              pgswarm review submit $HANDLE --digest $DIGEST --score 2 --summary 'reads past the end' --finding 'major@src/a.c:17: no check of the length'
            """
    )

    @Argument(help: "The handle that review next gave.")
    var handle: String

    @Option(help: ArgumentHelp("The digest that review next gave.", valueName: "hex"))
    var digest: String

    @Option(parsing: .unconditional, help: ArgumentHelp("1 to 5.", valueName: "number"))
    var score: Int

    @Option(help: ArgumentHelp("What you looked at and found, or - for standard input.", valueName: "text"))
    var summary: String

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "What is wrong: SEVERITY[@LOCATION]: TEXT. Severities: info, minor, major, critical.", valueName: "finding")
    )
    var finding: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A check that you ran and that passed.", valueName: "command"))
    var passed: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A check that you ran and that failed.", valueName: "command"))
    var failed: [String] = []

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let findings = try finding.map(Self.read)
        let evidence = passed.map { Self.check($0, 0) } + failed.map { Self.check($0, 1) }
        let verdict = ReviewVerdict(
            score: score, summary: try TextInput.read(summary, as: "summary"), findings: findings, evidence: evidence)
        let receipt = try await context.connect().submitReview(handle, digest: digest, verdict)
        if context.json {
            context.console.json([
                "code": .string(receipt.wasRepeated ? "duplicate" : "ok"), "review": .string("\(receipt.review)"),
                "task_id": .string("\(receipt.taskID)"), "submission": .string("\(receipt.submission)"),
                "route": JSON(receipt.route), "lowest": JSON(receipt.lowest), "state": JSON(receipt.state?.rawValue),
            ])
        } else {
            let repeated = receipt.wasRepeated ? " (given before)" : ""
            context.console.line(
                "task \(receipt.taskID): \(Self.words(for: receipt.route).printable)\(repeated)")
        }
        return .ok
    }

    /// What a route means, in words.
    static func words(for route: String?) -> String {
        switch route {
        case "waiting": "it waits for other reviewers"
        case "automatic": "it is accepted automatically"
        case "reviewed": "it is accepted"
        case "fast_lane": "a person can accept it at once"
        case "fix_loop": "it goes back with what was found"
        case "attention": "a person looks at it"
        default: route ?? "it is in review"
        }
    }

    private static func check(_ command: String, _ status: Int) -> EvidenceDraft {
        EvidenceDraft(
            .repeated, kind: "check", body: JSONText(JSON.object([("command", .string(command))]).text),
            exitStatus: status)
    }

    /// Reads `major@src/a.c:17: what is wrong`.
    static func read(_ text: String) throws -> Finding {
        guard let border = text.firstRange(of: ": ") else { throw bad(text) }
        let head = text[..<border.lowerBound]
        let claim = String(text[border.upperBound...])
        let word = head.prefix { $0 != "@" }
        guard let severity = Finding.Severity(rawValue: String(word)), !claim.isEmpty else { throw bad(text) }
        let location = head.dropFirst(word.count + 1)
        return Finding(severity, claim, location: location.isEmpty ? nil : String(location))
    }

    private static func bad(_ text: String) -> CommandFailure {
        CommandFailure.usage(
            "'\(text.printable)' is no finding",
            hint: "Write SEVERITY: TEXT or SEVERITY@LOCATION: TEXT; severities are info, minor, major, critical.")
    }
}
