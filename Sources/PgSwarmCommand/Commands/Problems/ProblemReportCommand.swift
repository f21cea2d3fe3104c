import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm problem report`: enters a problem, or counts it once more.
struct ProblemReportCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Enter a problem, or count it once more.",
        discussion: """
            A task that fails reports its error by itself. Entries that look alike are shown: if one of them is the same \
            problem, report again with --same-as.

            EXAMPLE
              pgswarm problem report 'cannot open display :1' --kind environment --tag browser --handle $PGSWARM_HANDLE
            """
    )

    @Argument(help: "The error as it was printed, or - for standard input.")
    var symptom: String

    @Option(help: ArgumentHelp("Names it in a line. Default: the first line of the error.", valueName: "text"))
    var title: String?

    @Option(help: ArgumentHelp("In which the error has one entry. Default: the whole swarm.", valueName: "name"))
    var scope: String?

    @Option(help: ArgumentHelp("What sort of problem: error, pitfall, environment, ….", valueName: "name"))
    var kind: String?

    @Option(help: ArgumentHelp("Versions, hosts, settings.", valueName: "text"))
    var environment: String?

    @Option(help: ArgumentHelp("A word by which it is found; may be repeated.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("The task that met it.", valueName: "handle"))
    var handle: String?

    @Option(help: ArgumentHelp("The entry that it is; nothing new is entered.", valueName: "id"))
    var sameAs: Int64?

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let draft = ProblemDraft(
            try TextInput.read(symptom, as: "symptom"), title: title, scope: scope, kind: kind,
            environment: environment,
            tags: tag, handle: try handle.map { text throws(SwarmError) in try Handle(text) }, sameAs: sameAs)
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let receipt = try await connection.report(
            draft, requestID: requestID, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "id": .string("\(receipt.id)"), "created": .bool(receipt.isNew),
                "occurrences": JSON(receipt.occurrences),
                "status": .string(receipt.status), "title": .string(receipt.title),
                "similar": receipt.similar.map { .raw($0.text) } ?? [],
            ])
            return .ok
        }
        context.console.line(
            receipt.isNew
                ? "problem \(receipt.id) entered: \(receipt.title.printable)"
                : "problem \(receipt.id) is known (\(receipt.status.printable), met \(receipt.occurrences.counted("time"))): \(receipt.title.printable)"
        )
        for other in try receipt.similar?.decode([SimilarProblem].self) ?? [] {
            context.console.line("looks like problem \(other.id) (\(other.status.printable)): \(other.title.printable)")
        }
        return .ok
    }
}

/// An entry that looks like a new one.
private struct SimilarProblem: Decodable {
    var id: String
    var title: String
    var status: String
}
