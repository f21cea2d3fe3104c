import ArgumentParser
import Logging
import PgSwarm
import Postgres
import UnixSignals

/// `pgswarm bench`: how fast this server is with pgswarm, beside how fast it is without.
struct BenchCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure pgswarm beside the server's raw limits.",
        discussion: """
            Each measurement alternates with its limit: what the same server does, over as many connections, when it \
            is asked for the least that could be called the same work. Both columns are medians of the rounds; the \
            ratio is the median of the rounds' own ratios, and is what to compare between machines and versions: \
            neighbours, disks and clocks move both sides of it. For rates higher is better, for everything else lower.

            It measures in a database of its own, pgswarm_bench_…, which it makes on the connected server and drops \
            at the end, also after Ctrl-C; with --here in the connected one. Either way it loads the server: not for \
            one in production. The claim part fills a million tasks and takes about 1 GB for as long as it runs.

            What to know before quoting a figure: this process shares the processors with the server if both are on \
            one machine. The server's processor time and its log volume include what others do there at the time. \
            The limits keep no promise that a queue makes, so a ratio of 1 is out of reach by design.

            EXAMPLES
              pgswarm bench --quick
              pgswarm bench --only drain --only wake --json
            """
    )

    @Flag(help: "Take about 15 seconds instead of about two minutes; fewer rounds, rougher figures.")
    var quick = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Measure only these: \(BenchPart.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "part"))
    var only: [BenchPart] = []

    @Flag(help: "Measure in the connected database, in queues of their own that are removed afterwards.")
    var here = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let bench = BenchRun(
            home: try context.address(), identity: try context.identity(),
            parts: BenchPart.allCases.filter { only.isEmpty || only.contains($0) },
            scale: quick ? .quick : .standard, isHere: here, progress: BenchProgress(context.console))
        let report = try await interruptible { try await bench.run() }
        if context.json {
            context.console.json(report.json)
        } else {
            report.show(on: context.console)
        }
        return .ok
    }

    /// Cancels the work at a signal and lets it clean up.
    private func interruptible<Answer: Sendable>(
        _ work: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in signals { return nil }
                return nil
            }
            guard let first = try await group.next(), let answer = first else {
                group.cancelAll()
                // What the work throws now is only the echo of the cancellation, unless it could not clean
                // up.
                while let rest = await group.nextResult() {
                    if case .failure(let failure as CommandFailure) = rest { throw failure }
                }
                throw CommandFailure("failed", "interrupted")
            }
            group.cancelAll()
            return answer
        }
    }
}
