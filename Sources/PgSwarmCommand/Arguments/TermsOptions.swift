import ArgumentParser
import PgSwarm
import Postgres

/// What is agreed for a task that is being enqueued.
struct TermsOptions: ParsableArguments {
    @Option(help: "What is to be reached.")
    var goal: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("When it counts as done; repeatable.", valueName: "sentence"))
    var criterion: [String] = []

    @Option(help: ArgumentHelp("How large it is: xs, s, m, l or xl.", valueName: "size"))
    var size: String?

    @Option(
        parsing: .unconditionalSingleValue, help: ArgumentHelp("A path it may touch; repeatable.", valueName: "glob"))
    var path: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("The contract its result keeps to; repeatable.", valueName: "name@version"))
    var produces: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A contract it relies on; repeatable.", valueName: "name@version"))
    var consumes: [String] = []

    @Option(
        help: ArgumentHelp(
            "Who accepts its result: none, peers, human, or a JSON object.", valueName: "policy"))
    var review: String?

    @Option(
        help: ArgumentHelp(
            "What it uses up at most, a JSON object such as {\"tokens\": 20000}.", valueName: "json"))
    var estimate: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("What its claimer must be able to do; repeatable.", valueName: "name"))
    var capability: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An agent that may claim it first; repeatable.", valueName: "agent"))
    var prefer: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("For how long only those may; 10m by default.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var preferFor: Duration?

    @Option(
        help: ArgumentHelp(
            "How many do it apart, and how many must agree: a JSON object such as {\"agents\": 3, \"agree\": 2}.",
            valueName: "json"))
    var redundancy: String?

    /// The terms, or `nil` when none was named.
    func terms() throws -> TaskTerms? {
        var terms = TaskTerms()
        terms.goal = goal
        terms.criteria = criterion
        terms.size = size
        terms.paths = path
        terms.produces = produces
        terms.consumes = consumes
        terms.review = try review.map { text in
            ["none", "peers", "human"].contains(text) ? JSONText("\"\(text)\"") : try object(text, "--review")
        }
        terms.estimate = try estimate.map { try object($0, "--estimate") }
        terms.capabilities = capability
        terms.prefer = prefer
        terms.preferFor = preferFor
        terms.redundancy = try redundancy.map { try object($0, "--redundancy") }
        return isEmpty ? nil : terms
    }

    private var isEmpty: Bool {
        let lists = [criterion, path, produces, consumes, capability, prefer]
        return [goal, size, review, estimate, redundancy].allSatisfy { $0 == nil }
            && lists.allSatisfy(\.isEmpty) && preferFor == nil
    }

    private func object(_ text: String, _ option: String) throws -> JSONText {
        let json = try JSONInput.read(text, as: "value of \(option)")
        guard json.text.first(where: { !$0.isWhitespace }) == "{" else {
            throw CommandFailure.usage("\(option) takes a JSON object, not \(text)", hint: "For example: '{}'")
        }
        return json
    }
}
