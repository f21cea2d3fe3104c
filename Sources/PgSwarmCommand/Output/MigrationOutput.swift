import FoundationEssentials
import PgSwarm

/// How the state of a schema is shown.
struct MigrationOutput {
    private let console: Console
    private let json: Bool

    init(_ context: CommandContext) {
        console = context.console
        json = context.json
    }

    /// Shows each file and, if there is one, the reason why `migrate` would refuse.
    func show(_ report: MigrationReport) {
        if json {
            console.json(report.json)
            return
        }
        var table = Table([.left("FILE"), .left("STATE"), .left("APPLIED"), .left("BY"), .left("PROGRAM")])
        for file in report.files {
            table.add([
                Table.Cell(file.name), Table.Cell(file.state.rawValue, file.state.tone),
                Table.Cell(file.appliedAt.map(Timestamp.format)), Table.Cell(file.appliedBy),
                Table.Cell(file.toolVersion),
            ])
        }
        console.lines(table.render(width: nil, style: console.style))
        console.line("")
        if let refusal = report.refusal {
            console.line(console.style.apply(.bad, to: refusal.message.printable))
            if let hint = refusal.hint { console.line("  \(hint.printable)") }
        } else if report.isCurrent {
            console.line("the schema is up to date (version \(report.databaseVersion))")
        } else {
            console.line("\(report.pending.count.counted("file")) to apply: run 'pgswarm migrate'")
        }
    }
}

extension MigrationReport.State {
    fileprivate var tone: Style.Tone? {
        switch self {
        case .applied: .good
        case .pending, .outdated: .warning
        case .changed, .unknown: .bad
        }
    }
}

extension MigrationReport {
    fileprivate var json: JSON {
        let files = files.map { file -> JSON in
            [
                "name": .string(file.name), "state": .string(file.state.rawValue),
                "applied_at": JSON(file.appliedAt),
                "applied_by": JSON(file.appliedBy), "tool_version": JSON(file.toolVersion),
            ]
        }
        return [
            "current": .bool(isCurrent),
            "database_version": JSON(databaseVersion),
            "program_version": JSON(programVersion),
            "pending": JSON(pending),
            "refusal": JSON(refusal?.code.rawValue),
            "files": .array(files),
        ]
    }
}
