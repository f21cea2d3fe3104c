import ArgumentParser
import FoundationEssentials
import SystemPackage

/// `pgswarm demo [FOLDER]`: the failure modes acted out with real processes, and what was prevented.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Break a swarm on purpose and watch nothing go wrong.",
        discussion: """
            Every file of FOLDER becomes a task, and real workers hash and count them. Meanwhile one worker is \
            killed, one is frozen until its lease has run out and then thawed, and PostgreSQL itself is killed. At \
            the end all results are compared with the files. The server is the demo's own, in a temporary folder, \
            and is removed afterwards; your files are only read.

            With --acts: a stale lock, a split brain and a thundering herd, each as it happens without pgswarm and \
            what becomes of it with pgswarm.

            EXAMPLES
              pgswarm demo ~/Documents
              pgswarm demo --acts
            """
    )

    @Argument(
        help: ArgumentHelp("The folder with the files. Default: the one you stand in.", valueName: "folder"),
        completion: .directory)
    var folder = "."

    @Option(parsing: .unconditional, help: ArgumentHelp("How many workers, 3 or more.", valueName: "number"))
    var workers = 4

    @Option(parsing: .unconditional, help: ArgumentHelp("How many files at most.", valueName: "number"))
    var limit = 5000

    @Flag(name: [.long, .customLong("quick")], help: "Don't wait for the audience: as fast as it goes.")
    var fast = false

    @Flag(help: "Leave the demo's server running, to look at what is in it.")
    var keep = false

    @Flag(help: "Act out single failure modes, without pgswarm and with it.")
    var acts = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        // One is killed, one is frozen, and somebody has to do the work.
        guard (3...64).contains(workers) else { throw ValidationError("\(workers) workers: choose 3 to 64") }
        guard (1...100_000).contains(limit) else {
            throw ValidationError("\(limit) files: choose 1 to 100000")
        }
    }

    func run() async throws {
        // Nobody watching is no reason to leave a server behind.
        let console = Console.standard(keepsGoing: true)
        let stage = Stage(console, json: output.json)
        if acts { return try await playActs(on: stage, console) }
        let demo = Demonstration(
            folder: absolute(folder), workers: workers, tempo: fast ? .fast : .show,
            limits: FolderScan.Limits(files: limit), isKept: keep, stage: stage)
        guard let result = try await Interruption.guarding({ try await demo.run() }) else {
            stage.update(nil)
            console.report("interrupted; the workers and the server are stopped\n")
            throw ExitCode(130)
        }
        show(result, stage, console)
        console.flush()
        if !result.report.problems.isEmpty { throw ExitStatus.failed }
    }

    private func playActs(on stage: Stage, _ console: Console) async throws {
        let playbill = Playbill(stage: stage)
        guard let results = try await Interruption.guarding({ try await playbill.run() }) else {
            console.report("interrupted; the processes and the server are stopped\n")
            throw ExitCode(130)
        }
        if output.json {
            for result in results { console.json(result.json) }
        } else {
            var table = Table([.left("ACT"), .flexible("WITHOUT"), .flexible("WITH PGSWARM")])
            for result in results {
                table.add([
                    Table.Cell(result.name, .heading),
                    Table.Cell(result.without.text, result.without.wentWrong ? .bad : nil),
                    Table.Cell(result.with.text, result.with.wentWrong ? .bad : .good),
                ])
            }
            console.line("")
            console.lines(
                table.render(width: console.width.map { $0 - 2 }, style: console.style).map { "  " + $0 })
            console.line("")
        }
        console.flush()
        if !results.allSatisfy(\.isConvincing) { throw ExitStatus.failed }
    }

    private func show(_ result: Demonstration.Result, _ stage: Stage, _ console: Console) {
        let report = result.report
        guard !output.json else {
            return console.json(
                report.json(folder: result.folder.string, events: stage.events, scan: result.scan))
        }
        console.line("")
        console.lines(
            report.table.render(width: console.width.map { $0 - 2 }, style: console.style).map { "  " + $0 })
        console.line("")
        for problem in report.problems {
            console.line("  " + console.style.apply(.bad, to: "✗ " + problem.printable))
        }
        let isGood = report.problems.isEmpty
        console.line(
            "  " + console.style.apply(isGood ? .good : .bad, to: (isGood ? "✓ " : "✗ ") + report.verdict))
        if keep {
            console.lines([
                "", "  The server still runs. Look around:",
                "    export PGSWARM_DATABASE_URL='\(result.databaseURL)'",
                "    pgswarm tasks; pgswarm events",
                "  Stop and remove it:",
                "    kill -INT \(result.serverProcessID); rm -rf \(result.serverFolder.string)",
            ])
        }
        console.line("")
    }

    private func absolute(_ path: String) -> FilePath {
        let path = FilePath(path.isEmpty ? "." : path)
        if path.isAbsolute { return path.lexicallyNormalized() }
        return FilePath(FileManager.default.currentDirectoryPath).pushing(path).lexicallyNormalized()
    }
}
