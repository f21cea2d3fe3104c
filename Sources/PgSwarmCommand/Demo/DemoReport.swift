import PgSwarm
import SystemPackage

/// What the demo has shown, in numbers, and whether all of them are right.
struct DemoReport: Sendable {
    let tasks: Int
    let tally: Story.Tally
    let totals: Ledger.Totals
    let audit: Audit
    /// Workers that were started, and those of them that still run.
    let workers: Int
    let survivors: Int
    let time: Duration

    private var attempts: Int { totals.outcomes.values.reduce(0, +) }
    private var lost: Int { totals.outcomes["lost"] ?? 0 }
    private var crashes: Int { tally.workersKilled + tally.workersFrozen + tally.serversKilled }

    /// What went wrong; empty when the promises were kept.
    var problems: [String] {
        var problems = audit.wrong.prefix(10).map { "the result for \($0.name) does not match the file" }
        if totals.completedOnce != tasks {
            problems.append("\(totals.completedOnce) of \(tasks) tasks were completed exactly once")
        }
        if totals.outcomes["completed"] != tasks {
            problems.append("\(totals.outcomes["completed"] ?? 0) attempts were accepted for \(tasks) tasks")
        }
        if totals.leases > 0 { problems.append("\(totals.leases.counted("lease")) left") }
        if totals.lateResults == 0 { problems.append("no stale write came, so none was refused") }
        if survivors > 0 { problems.append("\(survivors.counted("worker")) left") }
        return problems
    }

    /// The sentence at the end.
    var verdict: String {
        let time = Elapsed.brief(time)
        guard problems.isEmpty else { return "Something went wrong." }
        let all =
            audit.changed > 0
            ? comparison
            : tasks == 1 ? "the result matches the file" : "all \(tasks.grouped) results match the files"
        return "\(all): nothing lost, nothing twice, in \(time)"
    }

    private var comparison: String {
        if audit.changed == 0, audit.wrong.isEmpty { return "all match: SHA-256, bytes and lines" }
        var parts = ["\(audit.matching.counted("result matches", "results match")) the files"]
        if audit.changed > 0 {
            parts.append("\(audit.changed.counted("file was", "files were")) written to during the demo")
        }
        if !audit.wrong.isEmpty { parts.append("\(audit.wrong.count) differ") }
        return parts.joined(separator: ", ")
    }

    /// The numbers as a table.
    var table: Table {
        var table = Table([.left("WHAT"), .right("COUNT"), .flexible("DETAIL")])
        func row(_ what: String, _ count: Int, _ tone: Style.Tone?, _ detail: String) {
            table.add([
                Table.Cell(what, .heading), Table.Cell(count.grouped, tone), Table.Cell(detail, .quiet),
            ])
        }
        row("tasks", tasks, nil, "one for each file")
        row("attempts", attempts, nil, breakdown)
        row("crashes survived", crashes, .good, accidents)
        row("leases lost and taken back", lost, .good, "each task was claimed again, and done")
        row("stale writes refused", totals.lateResults, .good, "lost_claim")
        row("late results kept aside", totals.lateResults, .good, "for people to read, never applied")
        row(
            "results accepted exactly once", totals.completedOnce,
            totals.completedOnce == tasks ? .good : .bad, "one outcome for each task, no lease left")
        row("compared with the real files", audit.matching, audit.wrong.isEmpty ? .good : .bad, comparison)
        return table
    }

    private var breakdown: String {
        ["completed", "lost", "failed", "released", "cancelled", "running"].compactMap { outcome in
            totals.outcomes[outcome].map { "\($0.grouped) \(outcome)" }
        }.joined(separator: ", ")
    }

    private var accidents: String {
        [
            "\(tally.workersKilled.counted("worker")) killed", "\(tally.workersFrozen) frozen",
            "PostgreSQL killed \(tally.serversKilled == 1 ? "once" : "\(tally.serversKilled) times")",
        ].joined(separator: ", ")
    }

    /// The report as `demo --json` gives it.
    func json(folder: String, events: JSON, scan: FolderScan) -> JSON {
        [
            "ok": .bool(problems.isEmpty), "problems": JSON(problems), "folder": .string(folder),
            "tasks": JSON(tasks), "bytes": JSON(scan.size), "left_out": JSON(scan.note),
            "attempts": JSON(attempts),
            "attempts_by_outcome": .object(
                totals.outcomes.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }),
            "workers": JSON(workers), "workers_killed": JSON(tally.workersKilled),
            "workers_frozen": JSON(tally.workersFrozen), "servers_killed": JSON(tally.serversKilled),
            "leases_lost": JSON(lost), "stale_writes_refused": JSON(totals.lateResults),
            "late_results": JSON(totals.lateResults), "accepted_once": JSON(totals.completedOnce),
            "matching_files": JSON(audit.matching), "changed_files": JSON(audit.changed),
            "wrong_files": JSON(audit.wrong.map(\.path.string)), "leases_left": JSON(totals.leases),
            "workers_left": JSON(survivors), "seconds": .number((time.inSeconds * 1000).rounded() / 1000),
            "events": events,
        ]
    }
}
