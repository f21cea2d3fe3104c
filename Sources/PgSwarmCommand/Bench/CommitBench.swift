import Postgres

/// How often the server can commit at all: nothing durable is faster.
struct CommitBench {
    let stage: BenchStage

    func run() async throws -> [Figure] {
        var figures: [Figure] = []
        let sql = stage.bare.commit
        let window = stage.scale.window
        for count in [1, 8] {
            let title = "commits, \(count.counted("connection"))"
            let rates = try await stage.withConnections(count) { connections in
                try await stage.alternating(
                    title,
                    [
                        { _ in
                            try await Pace.rate(on: connections) { db, _ in
                                try Pace.repeating(for: window) { try db.execute(sql) }
                            }
                        }
                    ])
            }
            figures.append(
                Figure(
                    part: .commits, name: "commits_\(count)", title: title, unit: .perSecond,
                    rounds: rates[0].map { Figure.Round(nil, beside: $0) },
                    limitTitle: "bare INSERT of one row"))
        }
        return figures
    }
}
