import Postgres

/// The outcome of a benchmark.
struct BenchReport: Sendable {
    /// The server, and the settings of it that decide what it can do.
    struct Server: Sendable {
        let version: String
        let fsync: String
        let synchronousCommit: String
        let sharedBuffers: String
        let database: String

        /// Whether an acknowledged commit survives a crash; otherwise the figures say nothing about real use.
        var isDurable: Bool { fsync == "on" && synchronousCommit != "off" }
    }

    let server: Server
    let figures: [Figure]
    /// What could not be measured or left something behind, and why.
    var notes: [String]
    let isQuick: Bool
    let time: Duration

    /// The report as one object.
    var json: JSON {
        [
            "server": [
                "version": .string(server.version),
                "fsync": .string(server.fsync),
                "synchronous_commit": .string(server.synchronousCommit),
                "shared_buffers": .string(server.sharedBuffers),
            ],
            "quick": .bool(isQuick),
            "seconds": JSON(time),
            "figures": .array(figures.map(\.json)),
            "notes": JSON(notes),
        ]
    }

    /// Writes the report for people.
    func show(on console: Console) {
        var table = Table([
            .left("WHAT"), .right("PGSWARM"), .right("LIMIT"), .right("RATIO"), .flexible("THE LIMIT IS"),
        ])
        for figure in figures {
            table.add([
                Table.Cell(figure.title),
                Table.Cell(figure.value.map(figure.text), .heading),
                Table.Cell(figure.limit.map(figure.text)),
                Table.Cell(figure.ratio.map { $0.rounded(places: 2) }, .active),
                Table.Cell(figure.limitTitle, .quiet),
            ])
        }
        console.lines(table.render(width: console.width, style: console.style))
        console.line("")
        console.line(
            "PostgreSQL \(server.version.printable), fsync \(server.fsync.printable), synchronous_commit "
                + "\(server.synchronousCommit.printable), shared_buffers \(server.sharedBuffers.printable); "
                + "measured in \(Elapsed.brief(time))")
        for note in notes { console.line(console.style.apply(.warning, to: "note: \(note.printable)")) }
    }
}
